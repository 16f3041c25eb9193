"""Errors that a user can mend: each is one line and carries the exit code of the contract."""

from __future__ import annotations


class NavabError(Exception):
    """Base of all errors that are reported as one line."""

    exit_code = 1


class ConfigurationError(NavabError):
    """The command line or the configuration asks for something that cannot be."""

    exit_code = 2


class ReleaseExistsError(ConfigurationError):
    """A release of that name exists with other content."""


class ReleaseWithdrawnError(ConfigurationError):
    """The release was withdrawn; the message names its successor."""


class NothingToReleaseError(ConfigurationError):
    """The lake holds no live triple."""


class ToleranceError(NavabError):
    """More records are bad than `tolerance` allows."""

    exit_code = 3


class StorageError(NavabError):
    """The lake, a source or a release cannot be read or written."""

    exit_code = 4


class ConservationError(StorageError):
    """Rows were lost or doubled between two tables."""


class EngineError(NavabError):
    """The engine or a model cannot do its work."""

    exit_code = 5


class RayLostError(NavabError):
    """Ray ended in mid-run and could not be started again."""

    exit_code = 6


class NothingNewError(NavabError):
    """A refresh found nothing that a release would tell."""

    exit_code = 10


class GateError(NavabError):
    """What a refresh has made must not be released: a quality gate does not hold."""

    exit_code = 11


class LakeHeldError(NavabError):
    """Another run holds the lake."""

    exit_code = 75


class ClaimLostError(LakeHeldError):
    """This run's claim expired and somebody else took the lake."""
