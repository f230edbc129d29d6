"""An object store on this machine that speaks S3, for tests."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import pytest

SECRET = "hunter2hunter2"
BUCKET = "telephones"


@contextmanager
def a_store() -> Iterator[None]:
    """Run a store with one bucket, which programs find by the usual environment."""
    import s3fs
    from moto.server import ThreadedMotoServer

    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("AWS_ACCESS_KEY_ID", "somebody")
        patch.setenv("AWS_SECRET_ACCESS_KEY", SECRET)
        patch.setenv("AWS_DEFAULT_REGION", "eu-central-1")
        patch.setenv("AWS_ENDPOINT_URL", f"http://{host}:{port}")
        s3fs.S3FileSystem().mkdir(BUCKET, region_name="eu-central-1")
        yield
    s3fs.S3FileSystem.clear_instance_cache()
    server.stop()
