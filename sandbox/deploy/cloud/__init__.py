"""Stacks of the cloud: where they are pinned to, and what is looked at there before anything is changed."""
