"""Addresses of people and machines, but not what looks like them: versions, sections, times, names in C++."""

from __future__ import annotations

import ipaddress
import re

from chimera_metrics.integrations.masking.masks import BLANKS, EMAIL, IP, Late, Pattern, before

_LABEL = r"(?:[\w-]{1,63}\.){1,8}[^\W\d_]{2,24}(?![^\W_])"

# Software and hardware whose versions have four numbers, as people write them. Hosts are called after none of these.
_PRODUCTS = (
    r"py ?torch|torch(?:vision|audio|text)?|tensorflow|tf|keras|jax(?:lib)?|cuda|cudnn|cublas|nccl|tensorrt|rocm|triton"
    r"|numpy|scipy|pandas|polars|(?:py)?arrow|sklearn|scikit-learn|transformers|tokenizers|accelerate|diffusers|vllm|llama"
    r"|llama[.-]cpp|ollama|onnx(?:runtime)?|openvino|xformers|flash[-_]attn|bitsandbytes|deepspeed|ray|spark|hadoop|hive|kafka"
    r"|flink|airflow|dbt|python|cpython|pypy|node(?:\.?js)?|npm|deno|bun|java|jdk|jre|openjdk|kotlin|scala|gradle|maven|go"
    r"|golang|rust|rustc|cargo|ruby|rails|php|perl|dotnet|\.net(?: core| framework)?|mono"
    r"|swift|xcode|clang|llvm|gcc|glibc"
    r"|cmake|make|bazel|protobuf|grpc|openssl|libressl|boringssl|zlib|curl|wget|git|ffmpeg|qt|gtk|mesa|vulkan|directx|opengl"
    r"|mac ?os(?: x)?|os x|ios|ipados|watchos|tvos|android|windows(?: nt| server)?"
    r"|win(?:10|11)?|linux|ubuntu|debian|fedora"
    r"|centos|rhel|alpine|kernel|firmware|bios|uefi|driver|nvidia|geforce|radeon|amdgpu|docker|containerd|kubernetes|k8s|helm"
    r"|terraform|ansible|nginx|apache|httpd|tomcat|jetty|envoy|haproxy|sqlite|oracle|word|excel|office|outlook|acrobat|photoshop"
    r"|flash|unity|unreal|godot|blender|webkit|gecko|v8|blink|chromedriver|geckodriver|selenium|playwright|puppeteer|postman"
    r"|okhttp|axios|electron|sdk|api|app|client version|agent version|assembly|nuget"
    r"|package|plugin|addon|extension|update|patch"
    r"|runtime|library|lib|module|tag|schema"
)

# What stands in front of four numbers that are no address, whatever they are, and what does if they may be a version's.
_NUMBERED = Late(
    r"(?i)(?:versions?|(?<![a-z])(?:ver|rev|release|build|sections?|sect|chapter|clause|figure|fig|appendix|annex"
    r"|paragraph|oid)\.?|§)"
    r"""\\?["']?\s{0,2}(?:[:=/~]|is\b|no\.|number\b|#)?\s{0,2}\\?["'(]?v?$"""
    r"|(?:[=<>~!]=|~>|[~^])\s?$"
    r"|(?<![a-z])(?:headlesschrome|chrome|chromium|edge?|edga|edgios|opr|opera|firefox|fxios|crios|safari|electron"
    r"|applewebkit|samsungbrowser)[/ ]$"
)
_PRODUCT = Late(
    rf"(?i)(?<![a-z])(?<!git@)(?:{_PRODUCTS})(?:\s?v?[0-9]{{1,4}})?"
    r"(?:\s{1,2}(?:version|release|build|is|to|at|v))?(?<!\bgo to)[ /:@_-]{1,2}v?$"
)
# No product has come so far; and a port, or these networks, are an address's.
_NO_VERSION = Late(r"(?:6[1-9]|[7-9][0-9]|1[0-9]{2}|2[0-9]{2})\.|(?:[0-9]{1,3}\.){3}[0-9]{1,3}:[0-9]{2,5}(?![0-9.])")
# This project's own engine counts 26.9.2.1; it also stands in front of its host's address, mostly with a port.
_ENGINE = Late(r"(?i)(?:clickhouse|chdb)(?:[ /_-](?:server|client|local|common|core|keeper))?\s?[ /:=@_-]\s?v?$")
# `app-1.2.3.4.tar.gz` and `1.2.3.4.dev0` are versions by what follows.
_FILE = Late(
    r"(?i)\.(?:tar|tgz|so|whl|zip|deb|rpm|jar|war|dll|exe|msi|dmg|apk|ipa|pkg|gem|egg|nupkg|crate|dev|post|rc|beta|alpha)\b"
    r"|\.(?:dev|post|rc)[0-9]|\+[a-z]"
)
_CALENDAR = re.compile(r"(?:1[89]|[23]\d)\.(?:[1-9]|1[0-2])\.\d{1,3}\.\d{1,3}")


def _ip4(found: re.Match[str]) -> str:
    ahead = before(found)
    if _NUMBERED.search(ahead):
        return found[0]
    if not _NO_VERSION.match(found.string, found.start()) and _PRODUCT.search(ahead):
        return found[0]
    if _FILE.match(found.string, found.end()):
        return found[0]
    port = re.match(r":\d", found.string[found.end() : found.end() + 2])
    if not port and _CALENDAR.fullmatch(found[0]) and _ENGINE.search(ahead):
        return found[0]
    return IP


def _ip6(found: re.Match[str]) -> str:
    text = found[0]
    digits = any(map(str.isdigit, text)) or text.count(":") > 4
    try:
        address = ipaddress.IPv6Address(text)
    except ValueError:
        return text
    # Nobody has an address under 100::, save the machine itself and those that hold one of IPv4: `10::20` is a time,
    # `1:2:3:4:5:6:7:8` a list.
    low = int(address) >> 120 == 0
    if low and not (address.is_loopback or address.ipv4_mapped or text.lower().startswith(("64:ff9b:", "0064:ff9b:"))):
        return text
    # `dead::beef` is an address and a name in C++; one without any digit is taken for the name.
    return IP if digits else text


# The start: no hexadecimal digit before it, but `ip:2001:db8::1` is one.
_IP6 = Late(
    r"(?:(?<![\w:.])|(?<=[g-zG-Z]:))(?:[0-9A-Fa-f]{0,4}:){2,7}"
    r"(?:\d{1,3}(?:\.\d{1,3}){3}|[0-9A-Fa-f]{0,4})(?![\w:]|\.\d)"
)
_OCTET = r"(?:25[0-5]|2[0-4][0-9]|[01]?[0-9]{1,2})"
_SUFFIX = (
    r"(?:alpha|beta|rc|dev|snapshot|pre|final|release|stable|lts|ga|hotfix|patch|build|testing|nightly|preview|canary"
    r"|post|next|alpine|slim|ubuntu|debian|[a-z]{1,2}[0-9])"
)

ADDRESSES: tuple[Pattern, ...] = (
    Pattern(
        "email",
        "e-mail addresses, but not git@host:path, icon@2x.png or package@1.2.3-beta.rc",
        ("@",),
        # Another one that is stuck to its end goes with it: by itself it would not begin where a word does.
        Late(rf"(?<![\w.%+-])(?!git@)[\w.%+-]++[*?!$^~|`'#&/=]*+@(?!\d+x\.|\d+\.\d){_LABEL}(?:[\w.%+-]*+@{_LABEL})*+"),
        EMAIL,
        near=rf"[^{BLANKS}@]*\.",
    ),
    Pattern(
        "email",
        "e-mail addresses whose first part stands in quotes",
        ('"@',),
        Late(rf"""(?<![\w"])"[^"\s@]{{1,64}}"@{_LABEL}"""),
        EMAIL,
    ),
    Pattern(
        "email",
        "e-mail addresses with blanks around their sign, or in words",
        (" @ ", " dot "),
        Late(
            r"(?i)(?<![\w.%+-])[\w.%+-]++(?: @ (?:[\w-]{1,63}\.){1,4}(?:com|org|net|edu|gov|info|io|de|uk|fr)(?![^\W_])"
            r"| at [\w-]{1,63}(?: dot [\w-]{2,24}){1,3}(?![^\W_]))"
        ),
        EMAIL,
    ),
    Pattern(
        "email",
        "e-mail addresses in a URL's query",
        ("%40",),
        Late(rf"(?<![\w.+-])[\w.+-]++%40{_LABEL}"),
        EMAIL,
    ),
    Pattern("ip", "IPv6 addresses, shortened", ("::",), _IP6, _ip6),
    Pattern(
        "ip",
        "IPv6 addresses in full, but not times of day",
        (":",),
        _IP6,
        _ip6,
        near=r"[0-9a-f]{1,4}:[0-9a-f]{1,4}:[0-9a-f]{1,4}:",
    ),
    Pattern(
        "ip",
        "IPv4 addresses, but not versions: after 'v', 'version', '==' or a browser's name, before '-beta'",
        (".",),
        Late(rf"(?<![^\W_])(?<!\.)(?:{_OCTET}\.){{3}}{_OCTET}(?![^\W_]|\.[0-9]|-(?i:{_SUFFIX})(?![a-z]))"),
        _ip4,
        near=r"\d{1,3}\.\d{1,3}\.\d",
    ),
)
