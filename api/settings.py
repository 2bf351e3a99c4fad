"""The only place that reads the environment: ``FLURBUCH_*`` and ``flurbuch.toml``."""

from pathlib import Path
from typing import Literal

from pydantic import Field, ValidationError
from pydantic_settings import (
    BaseSettings,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
    TomlConfigSettingsSource,
)

from api.errors import SettingsError


class Settings(BaseSettings):
    """Everything that differs between installations. See docs/settings.md."""

    model_config = SettingsConfigDict(
        env_prefix="FLURBUCH_", toml_file="flurbuch.toml", extra="forbid", frozen=True
    )

    data_dir: Path = Field(default=Path("var/data"), description="Where the store lives.")
    municipality: str = Field(default="krefeld", description="Profile of the municipality.")
    layer_dirs: tuple[Path, ...] = Field(
        default=(), description="Folders with the city's own layers and municipality profiles."
    )
    language: Literal["de", "en"] = Field(default="de", description="Language where none is asked.")
    host: str = Field(default="127.0.0.1", description="Address to listen on.")
    port: int = Field(default=8000, ge=1, le=65535, description="Port to listen on.")
    public_url: str = Field(
        default="", description="URL under which citizens reach the service; empty: host and port."
    )
    contact_email: str = Field(
        default="geodaten@stadt.example", description="Shown on pages and in the API."
    )
    tile_dir: Path | None = Field(
        default=None, description="Folder in which made tiles are kept; none: in memory only."
    )
    tile_mb: int = Field(default=1024, ge=1, description="Size of that folder at most, in MB.")
    cursor_key: str = Field(
        default="",
        description="Signs the links from page to page; empty: a key kept in the data directory.",
    )
    stream_limit: int = Field(
        default=200_000,
        ge=1,
        description="Features of one answer at most, in formats that are sent piece by piece.",
    )
    job_workers: int = Field(
        default=1,
        ge=0,
        le=64,
        description="Processes that `flurbuch serve` starts for jobs; 0: `flurbuch work` is run.",
    )
    job_seconds: int = Field(default=300, ge=1, description="Longest time of one job.")
    job_queue: int = Field(default=100, ge=2, description="Jobs that may wait at once.")
    job_hours: int = Field(
        default=24, ge=1, description="So long after its end a job and its result are deleted."
    )
    synthetic: bool = Field(
        default=False, description="The data are made up: say so on pages and prints."
    )

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Order: arguments, environment, ``flurbuch.toml``; no dotenv, no secrets folder."""
        del dotenv_settings, file_secret_settings
        return init_settings, env_settings, TomlConfigSettingsSource(settings_cls)

    @property
    def url(self) -> str:
        """Base URL without a trailing slash."""
        return self.public_url.rstrip("/") or f"http://{self.host}:{self.port}"


def load_settings(**overrides: object) -> Settings:
    """Read the settings; ``overrides`` that are not None win.

    Raises
    ------
    SettingsError
        Naming the setting, what was found and what is expected.
    """
    given = {name: value for name, value in overrides.items() if value is not None}
    try:
        return Settings(**given)  # type: ignore[arg-type]
    except ValidationError as error:
        first = error.errors()[0]
        name = ".".join(str(part) for part in first["loc"])
        raise SettingsError(
            f"setting {name!r}: {first['msg']}, found {first['input']!r}",
            advice=f"Set FLURBUCH_{name.upper()} or {name} in flurbuch.toml; see docs/settings.md.",
            setting=name,
        ) from error
