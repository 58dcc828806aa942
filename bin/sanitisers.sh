# Sourced by bin/test: the tests of the core under ASan and UBSan.

# The C++ tests, built with the extension, which `sanitised_python` takes.
sanitised_cpp() {
    python -c 'import pybind11' 2>/dev/null ||
        python -m pip install --quiet --disable-pip-version-check pybind11 || return 1
    cpp_tests sanitise -DKAC_PYTHON=ON -DPython_EXECUTABLE="$python" \
        -Dpybind11_DIR="$(python -m pybind11 --cmakedir)"
}

# The Python tests, in an environment whose package is a copy with that extension.
sanitised_python() {
    local package=build/sanitise/package venv=build/sanitise/venv
    rm -rf "$package" "$venv"
    mkdir -p "$package"
    cp -R python/kac_prediction "$package" && rm -f "$package"/kac_prediction/_core*.so &&
        cp build/sanitise/_core*.so "$package/kac_prediction" &&
        python -m venv --without-pip "$venv" || return 1
    python -c 'import sys; print(sys.argv[1], *sys.path[1:], sep="\n")' "$root/$package" \
        >"$(echo "$venv"/lib/python*/site-packages)/package.pth"
    LD_PRELOAD="$(c++ -print-file-name=libasan.so) $(c++ -print-file-name=libstdc++.so)" \
        ASAN_OPTIONS=detect_leaks=0 "$venv/bin/python" -m pytest tests/test_core_*.py "$@"
}
