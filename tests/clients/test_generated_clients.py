"""The clients that generators make from openapi.json type-check and work, and so do the types of config-api.js."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from verification.environment.servers import serving

ROOT = Path(__file__).parents[2]
DOCUMENT = ROOT / "openapi.json"
NODE_MODULES = ROOT / "tools" / "generators" / "node_modules"
SCRIPTS = Path(sys.executable).parent
pytestmark = pytest.mark.slow

PYTHON = """
import sys

from config_api_client import AuthenticatedClient, Client
from config_api_client.api.auth import create_anonymous_session
from config_api_client.api.configurations import (
    create_configuration, delete_configuration, list_configurations, update_configuration,
)
from config_api_client.models import (
    ConfigurationInput, ConfigurationList, ConfigurationUpdate, Problem, SavedConfiguration, Session,
)

session = create_anonymous_session.sync(client=Client(base_url=sys.argv[1]))
assert isinstance(session, Session)
client = AuthenticatedClient(base_url=sys.argv[1], token=session.token)
body = ConfigurationInput(name="Tech", tickers=["AAPL"])

created = [create_configuration.sync(client=client, body=body) for _ in range(2)]
listed = list_configurations.sync(client=client)
assert isinstance(listed, ConfigurationList) and listed.configurations == list(reversed(created))
refused = create_configuration.sync_detailed(client=client, body=body)
assert refused.status_code == 409 and isinstance(refused.parsed, Problem) and refused.parsed.max_allowed == 2
first = created[0]
assert isinstance(first, SavedConfiguration)
changes = ConfigurationUpdate(name="Big tech")
outdated = update_configuration.sync_detailed(first.config_id, client=client, body=changes, if_match='"another"')
assert outdated.status_code == 412 and isinstance(outdated.parsed, Problem)
deleted = delete_configuration.sync_detailed(first.config_id, client=client, if_match=f'"{first.revision}"')
assert deleted.status_code == 204
"""

# client.py does not depend on the document, and its __exit__ has wrong types.
MYPY = """
[mypy]
strict = true
[mypy-config_api_client.client]
ignore_errors = true
"""

MINIMAL = '{ name: "Tech", tickers: ["AAPL"] }'
TYPESCRIPT = {
    "openapi-typescript": f"""
        import type {{ components, paths }} from "./client";
        type Create = paths["/api/v2/configurations"]["post"];
        export const body: components["schemas"]["ConfigurationInput"] = {MINIMAL};
        export const revision = (created: Create["responses"][201]["content"]["application/json"]): string =>
          created.revision;
    """,
    "typescript-axios": f"""
        import {{ Configuration, ConfigurationsApi }} from "./client";
        const api = new ConfigurationsApi(new Configuration({{ accessToken: "token" }}));
        export const revision = async (): Promise<string> => (await api.createConfiguration({MINIMAL})).data.revision;
    """,
    "typescript-fetch": f"""
        import {{ Configuration, ConfigurationsApi }} from "./client";
        const api = new ConfigurationsApi(new Configuration({{ accessToken: "token" }}));
        export const revision = async (): Promise<string> =>
          (await api.createConfiguration({{ configurationInput: {MINIMAL} }})).revision;
    """,
    "config-api.d.ts": f"""
        import {{ ConfigApi, ConfigApiError, type ListedTicker }} from "./config-api.js";
        const api = new ConfigApi({{ getToken: () => "token" }});
        export const revision = async (): Promise<string> => (await api.create({MINIMAL})).revision;
        export const ticker = (): Promise<ListedTicker> => api.ticker("AAPL");
        export const limit = (error: unknown) => (error instanceof ConfigApiError ? error.maxAllowed : undefined);
    """,
}


def test_a_generated_python_client_type_checks_and_works(tmp_path: Path) -> None:
    run(SCRIPTS / "openapi-python-client", "generate", "--path", DOCUMENT, "--meta", "none", "--fail-on-warning",
        "--output-path", tmp_path / "config_api_client", directory=tmp_path)  # fmt: skip
    (tmp_path / "use.py").write_text(PYTHON)
    (tmp_path / "mypy.ini").write_text(MYPY)

    settings = {"CONFIG_API_SQLITE_PATH": str(tmp_path / "db.sqlite3")}

    run(SCRIPTS / "mypy", "use.py", directory=tmp_path)
    with serving("entrypoints.wsgi:app", log=tmp_path / "log", settings=settings, place=ROOT) as server:
        run(sys.executable, "use.py", server.url, directory=tmp_path)


@pytest.mark.parametrize("generator", TYPESCRIPT)
def test_a_typescript_client_compiles(tmp_path: Path, generator: str) -> None:
    generate(generator, tmp_path)
    (tmp_path / "use.ts").write_text(TYPESCRIPT[generator])
    options = {"strict": True, "noEmit": True, "target": "es2022", "module": "es2022", "moduleResolution": "bundler"}
    configuration = {"compilerOptions": options | {"lib": ["es2023", "dom"], "types": []}, "files": ["use.ts"]}
    (tmp_path / "tsconfig.json").write_text(json.dumps(configuration))

    run(NODE_MODULES / ".bin" / "tsc", "--project", tmp_path, directory=tmp_path)


def generate(generator: str, directory: Path) -> None:
    """Write the client to `directory`; skips where a tool is missing."""
    if not NODE_MODULES.exists():
        pytest.skip("the TypeScript tools are missing: install Node.js, then run `make generators`")
    (directory / "node_modules").symlink_to(NODE_MODULES)
    if generator == "config-api.d.ts":
        shutil.copytree(ROOT / "entrypoints" / "dashboard" / "types", directory, dirs_exist_ok=True)
    elif generator == "openapi-typescript":
        run(NODE_MODULES / ".bin" / generator, DOCUMENT, "--output", "client.d.ts", directory=directory)
    elif shutil.which("java") is None:
        pytest.skip("openapi-generator needs Java")
    else:
        run(SCRIPTS / "openapi-generator-cli", "generate", "-g", generator, "-i", DOCUMENT, "-o", "client",
            directory=directory)  # fmt: skip


def run(*command: str | Path, directory: Path) -> None:
    environment = os.environ | {"PATH": f"{SCRIPTS}:{os.environ['PATH']}"}
    ended = subprocess.run(command, cwd=directory, env=environment, capture_output=True, text=True, check=False)
    assert ended.returncode == 0, ended.stdout + ended.stderr
