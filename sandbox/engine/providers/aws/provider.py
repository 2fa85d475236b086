# the provider protocol decides the parameters
"""The embedded engine's AWS provider: what its adapters declare, done safely against one endpoint."""

from __future__ import annotations

import threading
from collections.abc import Mapping, Sequence

from sandbox.engine.diff import Change
from sandbox.engine.provider import (
    Checked,
    CheckFailure,
    Created,
    Live,
    Operation,
    PartialFailureError,
    Preview,
    ProviderError,
    Target,
)
from sandbox.engine.providers.aws.adapter import Adapter
from sandbox.engine.providers.aws.calls import Calls, Patience
from sandbox.engine.providers.aws.connection import AwsEndpoint, Connection
from sandbox.engine.providers.aws.fields import as_inputs, complete, problems
from sandbox.engine.providers.aws.registry import ADAPTERS
from sandbox.engine.providers.aws.settings import AwsSettings
from sandbox.engine.providers.aws.tags import URN_TAG, all_tags, marks, own_tags, urn_mark, without_marks
from sandbox.engine.providers.recorded.provider import RecordedProvider
from sandbox.engine.values import UNKNOWN, PropertyMap, has_unknown


class AwsProvider:
    """Manages AWS resource types through their adapters, and the listed others through recorded outputs.

    Args:
        endpoint: where AWS is served, and the account and region that it serves.
        settings: what the program's provider resource asks for.
        patience: how often failing calls are repeated.
        adapters: the types that are really managed.
    """

    def __init__(
        self,
        endpoint: AwsEndpoint,
        settings: AwsSettings | None = None,
        patience: Patience | None = None,
        adapters: Mapping[str, Adapter] = ADAPTERS,
    ) -> None:
        self._connection = Connection(endpoint)
        self._settings = settings or AwsSettings()
        self._patience = patience or Patience()
        self._adapters = adapters
        self._recorded = RecordedProvider(endpoint.account, endpoint.region, endpoint.partition)
        self._account_lock = threading.Lock()
        self._account_confirmed = False
        self._refused: set[str] = set()

    def warm(self) -> threading.Thread:
        """Import the AWS library in the background, so that the first resource need not wait for it."""
        return self._connection.warm(("sts", "s3", "kms", "iam", "secretsmanager"))

    def supports(self, type: str) -> bool:
        """Tell whether the type has an adapter or is a listed recorded one."""
        return type in self._adapters or self._recorded.supports(type)

    def secret_outputs(self, type: str) -> frozenset[str]:
        """Return the outputs that are always secret."""
        return self._adapters[type].secrets if type in self._adapters else self._recorded.secret_outputs(type)

    def absent_outputs(self, type: str) -> Mapping[str, str]:
        """Return the SDK's properties that are never outputs here, each with what to use instead."""
        return self._adapters[type].absent if type in self._adapters else {}

    def check(self, target: Target, inputs: PropertyMap, old_inputs: PropertyMap | None) -> Checked:
        """Validate inputs, fill in defaults, and add the provider's default tags as `tagsAll`."""
        adapter = self._adapters.get(target.type)
        if adapter is None:
            return self._recorded.check(target, self._tagged(inputs), old_inputs)
        given = {key: value for key, value in inputs.items() if key not in ("region", "tagsAll")}
        completed = complete(adapter.fields, given)
        failures = problems(adapter.fields, completed)
        region = inputs.get("region")
        if region not in (None, UNKNOWN, self._connection.endpoint.region):
            here = self._connection.endpoint.region
            failures.append(CheckFailure("region", f"{region} is not served; this provider's region is {here}"))
        if adapter.tagged:
            completed["tagsAll"] = all_tags(completed.get("tags"), self._settings.default_tags)
        return Checked(completed, failures)

    def replaces(
        self, target: Target, changes: Sequence[Change], old_inputs: PropertyMap, new_inputs: PropertyMap
    ) -> set[str]:
        """Return the paths of changes to inputs that AWS cannot change."""
        adapter = self._adapters.get(target.type)
        if adapter is None:
            return self._recorded.replaces(target, changes, old_inputs, new_inputs)
        fixed = {name for name, spec in adapter.fields.items() if spec.replaces}
        return {change.text for change in changes if change.path and change.path[0] in fixed}

    def delete_before_replace(self, target: Target, old_inputs: PropertyMap, new_inputs: PropertyMap) -> bool:
        """Tell whether both would have one name; a name not yet known counts as the same."""
        adapter = self._adapters.get(target.type)
        if adapter is None:
            return self._recorded.delete_before_replace(target, old_inputs, new_inputs)
        if target.type == "aws:ec2/securityGroup:SecurityGroup":
            return all(_same(old_inputs, new_inputs, name) for name in ("name", "vpcId"))
        return bool(adapter.name) and all(_same(old_inputs, new_inputs, name) for name in adapter.name)

    def preview_create(self, target: Target, inputs: PropertyMap) -> Preview:
        """Say what a creation would leave; raises when the name belongs to somebody else."""
        adapter = self._adapters.get(target.type)
        if adapter is None:
            return self._recorded.preview_create(target, inputs)
        named = adapter.identity == "named" and adapter.tagged
        if named and not has_unknown([inputs.get(name) for name in adapter.name]):
            aws = self._calls(target, adapter, inputs)
            id = adapter.existing(aws, inputs)
            # Marked by another URN, it may be this resource's predecessor, which is deleted first.
            if id is not None and URN_TAG not in adapter.live_tags(aws, id):
                raise self._taken(aws, adapter, inputs)
        chosen = (name for name, spec in adapter.fields.items() if spec.computed)
        computed = dict.fromkeys((*chosen, *adapter.results), UNKNOWN)
        return Preview({**adapter.constants, **computed, **inputs}, "offline")

    def preview_update(
        self,
        target: Target,
        id: str,
        outputs: PropertyMap,
        old_inputs: PropertyMap,
        new_inputs: PropertyMap,
    ) -> Preview:
        """Say what an update would leave: the old outputs with the new inputs in them."""
        adapter = self._adapters.get(target.type)
        if adapter is None:
            return self._recorded.preview_update(target, id, outputs, old_inputs, new_inputs)
        dropped = {name for name in old_inputs if name not in new_inputs}
        kept = {key: UNKNOWN if key in dropped else value for key, value in outputs.items()}
        return Preview({**kept, **new_inputs}, "offline")

    def create(self, target: Target, inputs: PropertyMap, operation: Operation) -> Created:
        """Create exactly one thing, or take over the one that an earlier attempt for this resource left."""
        adapter = self._adapters.get(target.type)
        if adapter is None:
            return self._recorded.create(target, inputs, operation)
        aws = self._calls(target, adapter, inputs, operation)
        born = {**self._wanted_tags(adapter, inputs), **marks(target.urn, operation.nonce)} if adapter.tagged else {}
        id = None
        if adapter.identity == "named":
            id = adapter.existing(aws, inputs)
            if id is not None and not adapter.owned(aws, id, inputs, target.urn):
                # What is refused here must not be taken for the remains of this very attempt afterwards.
                self._refused.add(operation.nonce)
                raise self._taken(aws, adapter, inputs)
        if id is not None:
            return self._finish(aws, adapter, target, id, inputs, born, adopted=True)
        id = aws.create_or_find(
            lambda: adapter.create(aws, inputs, born, operation.nonce),
            lambda: adapter.created(aws, inputs, operation.nonce),
        )
        return self._finish(aws, adapter, target, id, inputs, born, adopted=False)

    def update(
        self,
        target: Target,
        id: str,
        outputs: PropertyMap,
        old_inputs: PropertyMap,
        new_inputs: PropertyMap,
        operation: Operation,
    ) -> PropertyMap:
        """Change the thing in place."""
        adapter = self._adapters.get(target.type)
        if adapter is None:
            return self._recorded.update(target, id, outputs, old_inputs, new_inputs, operation)
        aws = self._calls(target, adapter, new_inputs, operation)
        self._converge(aws, adapter, id, new_inputs, old_inputs)
        if adapter.tagged:
            marked = {**self._wanted_tags(adapter, new_inputs), URN_TAG: urn_mark(target.urn)}
            self._retag(aws, adapter, id, marked)
        return self._outputs(aws, adapter, id, new_inputs)

    def delete(self, target: Target, id: str, inputs: PropertyMap, outputs: PropertyMap, operation: Operation) -> None:
        """Delete the thing."""
        adapter = self._adapters.get(target.type)
        if adapter is None:
            self._recorded.delete(target, id, inputs, outputs, operation)
        else:
            adapter.delete(self._calls(target, adapter, inputs, operation), id, inputs)

    def read(self, target: Target, id: str, inputs: PropertyMap, outputs: PropertyMap) -> Live | None:
        """Return the thing as it is now."""
        adapter = self._adapters.get(target.type)
        if adapter is None:
            return self._recorded.read(target, id, inputs, outputs)
        aws = self._calls(target, adapter, inputs)
        found = adapter.describe(aws, id, inputs)
        if found is None:
            return None
        tags = self._live_tags(aws, adapter, id, inputs)
        live = as_inputs(adapter.fields, inputs, {**found, **tags})
        return Live({**live, **tags}, self._assembled(aws, adapter, inputs, found, tags))

    def recover(self, target: Target, inputs: PropertyMap, nonce: str) -> Created | None:
        """Find what an interrupted creation left, and complete it."""
        adapter = self._adapters.get(target.type)
        if adapter is None:
            return self._recorded.recover(target, inputs, nonce)
        aws = self._calls(target, adapter, inputs)
        id = None if nonce in self._refused else adapter.created(aws, inputs, nonce)
        if id is None:
            return None
        born = {**self._wanted_tags(adapter, inputs), **marks(target.urn, nonce)} if adapter.tagged else {}
        return self._finish(aws, adapter, target, id, inputs, born, adopted=True)

    def close(self) -> None:
        """Close connections."""
        self._connection.close()

    def _calls(
        self, target: Target, adapter: Adapter, inputs: PropertyMap, operation: Operation | None = None
    ) -> Calls:
        hidden = [str(inputs[name]) for name in adapter.secrets if inputs.get(name) not in (None, UNKNOWN)]
        cancelled = operation.cancelled if operation else None
        self._confirm_account(target.urn)
        return Calls(self._connection, target.urn, self._patience, cancelled, hidden)

    def _confirm_account(self, urn: str) -> None:
        with self._account_lock:
            if self._account_confirmed:
                return
            endpoint = self._connection.endpoint
            self._settings.assert_account(urn, endpoint.account)
            if self._settings.region and self._settings.region != endpoint.region:
                raise ProviderError(f"{urn}: region: {self._settings.region} is not served; {endpoint.region} is")
            calls = Calls(self._connection, urn, self._patience)
            actual = calls.call("sts", "get_caller_identity")["Account"]
            if actual != endpoint.account:
                text = f"{endpoint.url} serves AWS account {actual}, but {endpoint.account} is expected"
                raise ProviderError(f"{urn}: {text}; nothing was changed")
            self._account_confirmed = True

    def _taken(self, aws: Calls, adapter: Adapter, inputs: PropertyMap) -> ProviderError:
        name = " ".join(str(inputs[part]) for part in adapter.name)
        fix = "delete it, give this resource another name, or import it into the stack"
        return aws.fail(f"{adapter.name[0]}: {name!r} exists already and was not made for this resource; {fix}")

    def _finish(
        self,
        aws: Calls,
        adapter: Adapter,
        target: Target,
        id: str,
        inputs: PropertyMap,
        born: Mapping[str, str],
        *,
        adopted: bool,
    ) -> Created:
        try:
            if adapter.tagged and (adopted or not adapter.tags_at_birth):
                self._retag(aws, adapter, id, born)
            if adopted:
                self._converge(aws, adapter, id, inputs, inputs)
            adapter.configure(aws, id, inputs, None)
            return Created(id, self._outputs(aws, adapter, id, inputs))
        except ProviderError as error:
            message = f"{error} ({target.type} {id} exists; the next `up` completes it)"
            raise PartialFailureError(message, id=id, outputs={**adapter.constants, **inputs}) from error

    def _converge(
        self, aws: Calls, adapter: Adapter, id: str, new_inputs: PropertyMap, old_inputs: PropertyMap
    ) -> None:
        # Against what is there, not what the state says: an earlier attempt may have stopped half-way.
        found = adapter.describe(aws, id, old_inputs)
        if found is None:
            raise self._gone(aws, id)
        adapter.configure(aws, id, new_inputs, as_inputs(adapter.fields, old_inputs, found))

    def _gone(self, aws: Calls, id: str) -> ProviderError:
        return aws.fail(f"{id} does not exist any more, though the state has it; run `sandbox up --refresh`")

    def _outputs(self, aws: Calls, adapter: Adapter, id: str, inputs: PropertyMap) -> PropertyMap:
        found = adapter.describe(aws, id, inputs)
        if found is None:
            raise self._gone(aws, id)
        return self._assembled(aws, adapter, inputs, found, self._live_tags(aws, adapter, id, inputs))

    def _assembled(
        self, aws: Calls, adapter: Adapter, inputs: PropertyMap, found: PropertyMap, tags: PropertyMap
    ) -> PropertyMap:
        # JSON texts and unordered lists keep the program's form, so that what it wrote is what it reads.
        same = as_inputs(adapter.fields, inputs, found)
        given = {name: value for name, value in inputs.items() if adapter.fields[name].local}
        region = {} if adapter.service == "iam" else {"region": aws.region}
        loose = {name for name, spec in adapter.fields.items() if spec.kind == "json" or not spec.ordered}
        written = {name: same[name] for name in loose & set(same)}
        return {**adapter.constants, **given, **found, **written, **tags, **region}

    def _live_tags(self, aws: Calls, adapter: Adapter, id: str, inputs: PropertyMap) -> PropertyMap:
        if not adapter.tagged:
            return {}
        live = without_marks(adapter.live_tags(aws, id))
        own = own_tags(live, inputs.get("tags") or {}, self._settings.default_tags)
        return {**({"tags": own} if own or "tags" in inputs else {}), "tagsAll": live}

    def _wanted_tags(self, adapter: Adapter, inputs: PropertyMap) -> dict[str, str]:
        return dict(inputs.get("tagsAll") or {}) if adapter.tagged else {}

    def _retag(self, aws: Calls, adapter: Adapter, id: str, wanted: Mapping[str, str]) -> None:
        live = adapter.live_tags(aws, id)
        removed = [key for key in without_marks(live) if key not in wanted]
        added = {key: value for key, value in wanted.items() if live.get(key) != value}
        if removed or added:
            adapter.put_tags(aws, id, added, removed)

    def _tagged(self, inputs: PropertyMap) -> PropertyMap:
        return {**inputs, "tagsAll": all_tags(inputs.get("tags"), self._settings.default_tags)}


def _same(old: PropertyMap, new: PropertyMap, name: str) -> bool:
    return new.get(name) is UNKNOWN or old.get(name) == new.get(name)
