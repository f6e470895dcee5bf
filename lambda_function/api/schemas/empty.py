"""Bodies of requests that say everything in their path."""

from pydantic import BaseModel, ConfigDict


class EmptyBody(BaseModel):
    """A body that may be left out and may hold nothing but `{}`."""

    model_config = ConfigDict(extra="forbid")
