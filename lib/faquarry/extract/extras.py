"""What the settings ask for that may not be installed: told before Spark starts, not by a worker in the middle."""

from __future__ import annotations

from faquarry.config.settings import ExtractSettings, LanguageSettings

__all__ = ["require_extras"]


def require_extras(extract: ExtractSettings, language: LanguageSettings) -> None:
    """Loads once what workers will load, where it is optional.

    Raises:
        MissingExtra: the parser's or the detector's package is not installed.
    """
    if extract.parser == "extruct":
        from faquarry.markup.comparison import extruct_nodes

        extruct_nodes("<html></html>", "https://localhost/")
    detector = "fasttext" if language.rule == "webfaq" else language.detector
    if detector != "py3langid":
        from faquarry.language.detectors import detector_named

        detector_named(detector)
