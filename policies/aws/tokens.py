from __future__ import annotations


def versions_of(*tokens: str) -> frozenset[str]:
    """The tokens with those under which older releases of pulumi-aws declare the same resource.

    Resources of S3 had a second version with `V2` in its name; version 7 of the provider keeps it as a deprecated
    spelling, such as `aws:s3/bucketVersioningV2:BucketVersioningV2`. Load balancers are declared by `lb` and `alb`.
    """
    found = set(tokens)
    for token in tokens:
        package, module, kind = token.split(":")
        if module.startswith("s3/"):
            found.add(f"{package}:{module}V2:{kind}V2")
        elif module.startswith("lb/"):
            found.add(f"{package}:alb/{module.removeprefix('lb/')}:{kind}")
    return frozenset(found)
