"""What is tried on the command line: values, places, files of settings, variables."""

HUGE = "9" * 5_000
LONG = "n" * 300
WHOLE = (
    "0", "-1", "-" + HUGE, HUGE, "1000000000", str(10**12), str(10**18), str(2**63), str(10**30),
    "1e3", "1.5", "nan", "inf", "\u0663", "", " ", "x", "0x10", "1_0", "½", "--",
)  # fmt: skip
REAL = (
    "0", "-1", "nan", "inf", "-inf", "1e400", "1e-400", "1e300", HUGE, "\u0663.\u0665", "", "x",
    "1,5",
)  # fmt: skip
TEXT = (
    "", " ", LONG, "a\0b", "\ud800", "\udcff", "\x1b[31mred", "\u202egpj", "a\nb", "-", "--", "=",
    "../../x", "~", "$HOME", "%s", "{0}", "nan", "<script>", "'", HUGE,
)  # fmt: skip
DEVICES = (
    "meta", "xla", "cpu:7", "cuda", "cuda:99", "mps", "hpu", "vulkan", "privateuseone", "mkldnn",
    "CPU",
)  # fmt: skip
PATHS = (
    "missing", "file", "folder", "pipe", "socket", "loop", "dangling", "empty.npz", "file/under",
    "noise.npz", "empty.toml", "missing/below/x.npz", "pipe.npz", "zero.npz", "loop.csv",
    "folder.npz", "folder.csv", "noise.csv", "noise.png", "pipe.csv", "pipe.png", ".", "/",
)  # fmt: skip
"""Made by `places`, but for those that are not to be there."""
DEVICE_FILES = (
    "/dev/zero", "/dev/full", "/dev/null", "/dev/tty", "/proc/self/mem", "/etc/passwd",
)  # fmt: skip
TOML = {
    "nested arrays": "a = " + "[" * 100_000,
    "nested and closed": "a = " + "[" * 100_000 + "]" * 100_000,
    "nested tables": "a = " + "{a=" * 100_000,
    "dotted key": ".".join("a" * 100_000) + " = 1",
    "dotted header": "[" + ".".join("a" * 100_000) + "]",
    "nested below the limit": "seeds = " + "[" * 300 + "]" * 300,
    "100 MB": "# " + "x" * 100_000_000,
    "million betas": "betas = [" + ", ".join(map(str, range(1_000_000))) + "]",
    "long whole number": f"seeds = [{HUGE}]",
    "long hexadecimal": f"seeds = [0x{HUGE}]",
    "long steps": f"[training]\nsteps = 0x{HUGE}",
    "long float": f"betas = [{HUGE}.0]",
    "infinite beta": "betas = [inf]",
    "nan": "betas = [nan]\n[model]\nsigma = nan",
    "NUL": '[data]\nsource = "a\\u0000b"',
    "line feeds": '[data]\nsource = "a\\nb\\u001b[31m"',
    "a date": "seeds = [1979-05-27]\nbudget = 10:00:00",
    "bool for a number": "seeds = [true]\nbetas = [false]",
    "text for a list": 'betas = "1"',
    "list for text": "[data]\nsource = ['a']",
    "list for a table": "data = [1]",
    "size a list": "[data]\nsize = [1]",
    "size true": "[data]\nsize = true",
    "table for a number": "[training]\nsteps = {a = 1}",
    "unknown key": "\"\\u001b[2J\" = 1",
    "empty key": '"" = 1',
    "key of 10,000": "a" * 10_000 + " = 1",
    "twice": "seeds = [1]\nseeds = [2]",
    "not UTF-8": b"a = '\xff'",
    "UTF-16": "seeds = [1]".encode("utf-16"),
    "NUL bytes": b"\0" * 1000,
    "no TOML": "<html>",
    "options that are none": "[training.objective_options]\nnix = 1",
    "options nan": "[training]\nobjective = 'info_vae'\n"
    "[training.objective_options]\nbandwidth = nan",
    "options a table": "[training.objective_options]\nbeta = {a = {b = 1}}",
    "strengths a list": "strengths = [1]",
    "strengths": "objectives = ['beta_vae', 'factor_vae']\n[strengths]\nfactor_vae = [-1]",
    "engine a number": "engine = 3",
    "engine nix": "[engine]\nname = 'nix'",
    "engine name a list": "[engine]\nname = [1]",
    "engine option": "[engine]\nname = 'local'\nnix = 1",
    "old mode a list": "[training]\nmode = [1]",
    "old together": "together = 0",
    "continued": "[training]\ncontinued_from = [5, 3]\nsteps = 4",
    "continued negative": "[training]\ncontinued_from = [-1]",
    "config of nothing": "",
    "latents": "[model]\nlatent_dim = 9223372036854775807",
    "batch": "[training]\nbatch_size = 9223372036854775807",
    "network custom": "[model]\nnetwork = 'custom'",
    "network a list": "[model]\nnetwork = [1]",
    "out a number": "out = 3",
    "device a list": "device = ['cpu']",
    "max_seeds": "until_clear = true\nmax_seeds = 9223372036854775807",
}  # fmt: skip
VARIABLES = {
    "UNKNOT_CACHE": ("", " ", "HERE/file", "HERE/pipe", "HERE/loop", "HERE/dangling", "/dev/null",
                     "/proc/x", LONG, "HERE/" + LONG, "\udcff", "HERE/a\nb", "~", "/",
                     "HERE/file/under", "relative"),
    "XDG_CACHE_HOME": ("", "HERE/file", "/dev/null", LONG, "relative"),
    "HOME": ("", "/nowhere", "HERE/file"),
    "TMPDIR": ("", "/nowhere", "HERE/file", LONG),
    "OMP_NUM_THREADS": ("", "0", "-1", "x", "1.5", "999999999", "9" * 400),
    "MKL_NUM_THREADS": ("0", "x"),
    "ATEN_CPU_CAPABILITY": ("", "x", "avx9", "default"),
    "COLUMNS": ("", "0", "-1", "1", "x", "9" * 30),
    "LINES": ("0", "x"),
    "NO_COLOR": ("", "1"),
    "TERM": ("", "nix"),
    "LC_ALL": ("nix", "C"),
    "PYTHONIOENCODING": ("ascii", "latin-1"),
    "MPLBACKEND": ("nix", "tkagg"),
    "MPLCONFIGDIR": ("HERE/file", "/dev/null"),
    "CUDA_VISIBLE_DEVICES": ("x", "-1"),
    "BROWSER": ("nix",),
}  # fmt: skip
