import pytest, schemathesis
from schemathesis.engine import from_schema
from api.sessions import Limits
from tests.api.conftest import House
from tests.api.test_hostile import app_of, LEFT_OUT

@pytest.mark.parametrize("phases,n", [(("fuzzing",), 25), (("coverage",), 1), (("examples",),1)])
def test_x(house: House, phases, n):
    house.add("head%d"%n+phases[0], "head")
    said = {"seed": 20260501, "generation": {"max-examples": n, "database": "none"},
        "checks": {name: {"enabled": False} for name in LEFT_OUT},
        "phases": {name: {"enabled": name in phases} for name in ("examples", "coverage", "fuzzing", "stateful")},
        "headers": {"Authorization": f"Bearer {house.keys['head%d'%n+phases[0]]}"}}
    app = app_of(house); app.state.office.limits = Limits()
    schema = schemathesis.openapi.from_asgi("/openapi.json", app, config=schemathesis.Config.from_dict(said)).include(path_regex="^/(calendar|hours|limits|warnings)")
    found, asked, statuses = [], 0, {}
    for event in from_schema(schema).execute():
        recorder = getattr(event, "recorder", None)
        for name, inter in (recorder.interactions.items() if recorder else ()):
            if inter.response: 
                k=(inter.request.method, inter.request.uri.split('?')[0].rsplit('/')[3], inter.response.status_code); statuses[k]=statuses.get(k,0)+1
        for name, checks in recorder.checks.items() if recorder else ():
            asked += 1
            for check in checks:
                if check.failure_info is not None:
                    found.append(f"{check.name}: {check.failure_info.failure} {recorder.cases[name].value.as_curl_command()}"[:1500])
        assert not hasattr(event, "info"), event
    print(asked, statuses)
    for f in found: print(f); print('---')
    assert not found
