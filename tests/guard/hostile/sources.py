"""Statements that reach the network, programs and other engines."""

from tests.guard.hostile.statement import Hostile

SOURCES = (
    Hostile("url()", "refused", "SELECT * FROM url('http://127.0.0.1:1/', 'CSV', 'x String')"),
    Hostile(
        "url() as a subquery's source",
        "refused",
        "SELECT (SELECT x FROM url('http://127.0.0.1:1/', 'CSV', 'x String'))",
    ),
    Hostile("urlCluster()", "fails", "SELECT * FROM urlCluster('default', 'http://127.0.0.1:1/', 'CSV', 'x String')"),
    Hostile("s3()", "fails", "SELECT * FROM s3('http://127.0.0.1:1/b/k', 'CSV', 'x String')"),
    Hostile("remote()", "refused", "SELECT * FROM remote('127.0.0.1:1', 'system', 'one')"),
    Hostile("remoteSecure()", "refused", "SELECT * FROM remoteSecure('127.0.0.1:1', 'system', 'one')"),
    Hostile("cluster()", "fails", "SELECT * FROM cluster('default', 'chimera_metrics', 'audit_log')"),
    Hostile("mysql()", "refused", "SELECT * FROM mysql('127.0.0.1:1', 'd', 't', 'u', 'p')"),
    Hostile("postgresql()", "refused", "SELECT * FROM postgresql('127.0.0.1:1', 'd', 't', 'u', 'p')"),
    Hostile("sqlite()", "refused", "SELECT * FROM sqlite('{secret}', 't')"),
    Hostile("executable()", "refused", "SELECT * FROM executable('id', 'TSV', 'x String')"),
    Hostile("python()", "fails", "SELECT * FROM python(secrets)"),
    Hostile("Python()", "fails", "SELECT * FROM Python(secrets)"),
    Hostile("input()", "fails", "SELECT * FROM input('x String')"),
    Hostile("fuzzQuery()", "passes", "SELECT * FROM fuzzQuery('SELECT 1', 500, 1) LIMIT 1"),
    Hostile("eval()", "fails", "SELECT * FROM eval('SELECT 1')"),
    Hostile("generateRandom()", "passes", "SELECT * FROM generateRandom('x UInt8') LIMIT 1"),
    Hostile("loop()", "refused", "SELECT * FROM loop(numbers(1)) LIMIT 2"),
    Hostile(
        "a table function's argument that hides one",
        "passes",
        "SELECT * FROM numbers(toUInt64(length(file('{secret}'))))",
    ),
    Hostile(
        "a hidden expression in a structure",
        "passes",
        "SELECT * FROM values('x String DEFAULT file(''{secret}'')', ('a'))",
    ),
    Hostile(
        "a structure that is put together", "passes", "SELECT * FROM values(concat('x String DEF', 'AULT 1'), ('a'))"
    ),
    Hostile("a language model", "fails", "SELECT aiGenerate('hello')"),
)
