"""What libraries import and we never use is left out, and is there for everybody else."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[1]


def run(program: str) -> None:
    subprocess.run([sys.executable, "-c", program], cwd=ROOT, check=True)


def test_the_models_leave_requests_out_and_its_driver_still_finds_it() -> None:
    run(
        "import sys, chimera_metrics.models\n"
        "from clickhouse_sqlalchemy.drivers.http.transport import RequestsTransport\n"
        "assert 'requests' not in sys.modules\n"
        "session = RequestsTransport('http://localhost', 'db', 'name', 'secret').http\n"
        "import requests\n"
        "assert type(session) is requests.Session\n"
        "from requests.exceptions import ConnectionError\n"
        "assert requests.exceptions.ConnectionError is ConnectionError\n"
    )


def test_what_is_there_already_stays() -> None:
    run("import requests, sys, chimera_metrics.models\nassert sys.modules['requests'] is requests\n")


def test_a_server_leaves_the_http_client_of_its_codec_out() -> None:
    run(
        "import sys\n"
        "from chimera_metrics.integrations.clickhouse.chdb_module import say_that_nobody_else_is_here\n"
        "say_that_nobody_else_is_here()\n"
        "import chimera_metrics.integrations.clickhouse.codec\n"
        "assert not {'urllib3', 'clickhouse_connect.driver.httpclient'} & set(sys.modules)\n"
        "from clickhouse_connect.driver.httpclient import HttpClient\n"
        "assert HttpClient.__init__.__code__.co_argcount > 1\n"
    )


def test_elsewhere_the_client_is_the_real_one() -> None:
    run(
        "import clickhouse_connect.driver, chimera_metrics.integrations.clickhouse.codec\n"
        "from clickhouse_connect.driver.httpclient import HttpClient\n"
        "assert clickhouse_connect.driver.HttpClient is HttpClient\n"
    )
