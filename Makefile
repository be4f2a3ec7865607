# `make` or `make help` lists what can be done here.

SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
.NOTPARALLEL:

SWIFT ?= $(firstword $(shell command -v swift) $(wildcard /opt/swift/usr/bin/swift \
  /usr/local/swift/usr/bin/swift /usr/libexec/swift/bin/swift) swift)
# A Python that can make virtual environments: the first on the PATH that can, else Debian's.
PYTHON ?= $(shell python3 -c 'import ensurepip, venv' 2>/dev/null && command -v python3 \
  || echo /usr/bin/python3)
JOBS ?= 2

WORK := .work
VENV := $(WORK)/venv
STUBS := $(WORK)/stubs
TOOLS := $(WORK)/bin
VERDICT := .build/release/verdict
BENCH := .build/release/verdict-bench
PROVE := .build/release/verdict-prove
# Of `make prove`: how many random checks, from which seed on, on how many threads.
CHECKS ?= 100000000
SEED ?= 1
THREADS ?= 2
# Of `make fuzz`: what, and for how many seconds; and of each target of `make fuzz-smoke`.
T ?= http2
N ?= 60
SMOKE_SECONDS ?= 3
# An engine of others, asked the same in fewer worlds.
CEDAR := $(VENV)/bin/python Tests/Proof/cedar/oracle.py $(PROVE)
CEDAR_CHECKS ?= 1000000

# Debian's names; after `>=` the first version that will do. nghttp2's is the one with the fixes
# against the header and stream floods that Debian's security notes name.
PACKAGES := \
  'libnghttp2-dev>=1.52.0-1+deb12u3' 'libnghttp2-14>=1.52.0-1+deb12u3' \
  libprotobuf-c-dev libyaml-dev libssl-dev zlib1g-dev libhttp-parser-dev libcjose-dev libjansson-dev pkg-config g++ git \
  protobuf-compiler protobuf-c-compiler \
  nghttp2-client valgrind strace faketime skopeo docker-registry openssl systemd binutils util-linux \
  python3-venv

# What the benchmarks compare with, and nothing else needs.
RIVAL_PACKAGES := libgrpc++-dev

.PHONY: help deps build build-bench build-examples build-prove run test test-swift test-proof test-python prove \
  faults fuzz fuzz-smoke fuzz-merge mutants bench bench-swap bench-shadow bench-fair bench-gateway bench-log soak \
  demo-envoy fuzz-gateway \
  proto proto-check schema configuration format lint asan tsan clean swift-there

help: ## list these verbs
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "make %-12s %s\n", $$1, $$2 }' Makefile

deps: ## install the Debian packages that are missing, saying which
	@.ci/deps $(PACKAGES)

swift-there:
	@command -v "$(SWIFT)" > /dev/null || { \
	  echo "make: no Swift 6.2 or later on the PATH; see https://www.swift.org/install/linux/," \
	    "or name one: make SWIFT=/path/to/swift"; exit 1; }

build: swift-there ## build the verdict binary for release
	$(SWIFT) build -c release -j $(JOBS) --product verdict

build-bench: swift-there
	$(SWIFT) build -c release -j $(JOBS) --product verdict-bench

build-prove: swift-there
	$(SWIFT) build -c release -j $(JOBS) --product verdict-prove

run: deps build ## publish the example, serve it, show an ALLOW and a DENY, keep serving
	@examples/run.sh $(VERDICT) $(WORK)/run

test: deps lint proto-check ## everything that has to pass
	@# The environment of Python is made beside the first build, which leaves it a processor at times.
	$(MAKE) --jobs 2 build-tests $(VENV)/ready
	$(MAKE) test-swift build-all test-proof test-python

build-tests: swift-there
	$(SWIFT) build --build-tests -j $(JOBS)

# One build of all programs keeps both processors busy, which one after the other do not.
build-all: swift-there
	$(SWIFT) build -c release -j $(JOBS)

test-swift: build-tests ## the tests in Swift
	$(SWIFT) test --skip-build --disable-xctest

test-proof: build-prove $(VENV)/ready ## two million random checks and small worlds against the interpreter, some against Cedar
	$(PROVE) random --checks 2000000 --threads 2
	$(PROVE) random --checks 200000 --threads 2 --models Tests/Library/models
	$(PROVE) exhaustive --threads 2
	$(CEDAR) --checks 20000

prove: build-prove $(VENV)/ready ## the same at length; CHECKS=, SEED=, THREADS=, CEDAR_CHECKS= say how long
	$(PROVE) random --checks $(CHECKS) --seed $(SEED) --threads $(THREADS)
	$(PROVE) exhaustive --full --threads $(THREADS)
	$(CEDAR) --checks $(CEDAR_CHECKS) --seed $(SEED) --per-world 1000 --jobs $(THREADS)

mutants: swift-there $(VENV)/ready ## break compiler, engine and reader on purpose: does anything notice? MUTANTS= names some
	$(VENV)/bin/python Tests/Mutants/mutants.py --swift $(SWIFT) --jobs $(JOBS) $(MUTANTS)

build-examples: swift-there
	$(SWIFT) build -c release -j $(JOBS) --product verdict-pii-page

test-python: build build-bench build-examples $(VENV)/ready $(STUBS)/ready bench-tools ## the real binary, by a real gRPC client
	SWIFT=$(SWIFT) $(VENV)/bin/python -m pytest Tests/Python -n 3 --dist loadfile -m "not alone"
	SWIFT=$(SWIFT) $(VENV)/bin/python -m pytest Tests/Python -m alone

fuzz: swift-there ## fuzz one target: make fuzz T=http2 N=60; see docs/fuzzing.md
	SWIFT=$(SWIFT) JOBS=$(JOBS) Tests/Fuzz/build
	nice -n 19 python3 Tests/Fuzz/fuzz.py run $(T) $(N)

fuzz-smoke: swift-there ## each fuzzer from its corpus for a moment, and one that has to find a bug
	SWIFT=$(SWIFT) JOBS=$(JOBS) Tests/Fuzz/build
	python3 Tests/Fuzz/fuzz.py smoke $(SMOKE_SECONDS)

fuzz-merge: ## reduce what `make fuzz T=...` has found to a small corpus, to be committed
	python3 Tests/Fuzz/fuzz.py merge $(T)

faults: deps build $(VENV)/ready $(STUBS)/ready ## the control directory at length: every byte and system call, 10,000 sets
	$(VENV)/bin/python -m pytest Tests/Faults -s

demo-envoy: build $(VENV)/ready ## Envoy in front of a tiny API: what passes, what doesn't, and why
	$(VENV)/bin/python examples/gateways/demo.py $(VERDICT) $(VENV)/bin/envoy

# Of `make fuzz-gateway`: how many requests.
REQUESTS ?= 100000

fuzz-gateway: build $(VENV)/ready $(STUBS)/ready ## random requests through Envoy; REQUESTS= says how many
	$(VENV)/bin/python Tests/Python/gateway_fuzz.py $(REQUESTS)

bench: deps build build-bench $(VENV)/ready $(STUBS)/ready bench-tools ## measure; nothing else should be running
	@.ci/deps $(RIVAL_PACKAGES)
	$(MAKE) $(TOOLS)/rival
	$(VENV)/bin/python Tests/Benchmarks/bench.py $(BENCH_FLAGS)

bench-swap: build $(VENV)/ready $(STUBS)/ready bench-tools ## do swaps of policies disturb those who ask? SWAP_FLAGS= for less
	$(VENV)/bin/python Tests/Benchmarks/swaps.py $(SWAP_FLAGS)

bench-shadow: build $(VENV)/ready $(STUBS)/ready bench-tools ## what comparing with a staged set costs; SHADOW_FLAGS= for less
	$(VENV)/bin/python Tests/Benchmarks/shadow.py $(SHADOW_FLAGS)

bench-fair: build $(VENV)/ready $(STUBS)/ready bench-tools ## does one caller's load disturb another? FAIR_FLAGS= for less
	$(VENV)/bin/python Tests/Benchmarks/fairness.py $(FAIR_FLAGS)

soak: build $(VENV)/ready $(STUBS)/ready bench-tools ## ten minutes of load and of clients that misbehave; SOAK_SECONDS= for less
	$(VENV)/bin/python Tests/Benchmarks/soak.py --seconds $(or $(SOAK_SECONDS),600)

bench-gateway: build build-bench $(VENV)/ready $(STUBS)/ready bench-tools ## what a Check of Envoy's costs beside an Authorize
	$(VENV)/bin/python Tests/Benchmarks/gateway.py

bench-memory: build $(VENV)/ready $(STUBS)/ready ## what a million members and resources cost in memory, and to compile
	$(VENV)/bin/python Tests/Benchmarks/memory.py $(MEMORY_FLAGS)

bench-log: build $(VENV)/ready $(STUBS)/ready bench-tools ## what the decision log costs, beside the transport floor
	$(VENV)/bin/python Tests/Benchmarks/logs.py $(LOG_FLAGS)

REASONS := Sources/VerdictModel/Reason.swift
ADVICE := Sources/VerdictModel/Reason+Advice.swift

proto: ## renew what is generated from proto/ and from the table of reasons, docs/reasons.md included
	proto/reasons.py $(REASONS) proto/verdict/v1/verdict.proto proto/verdict/v1/verdict.proto
	proto/reasons_page.py $(REASONS) $(ADVICE) docs/reasons.md
	proto/generate.sh Sources/CVerdictProto Sources/VerdictRPC/descriptors.binpb

proto-check: ## is the generated code what proto/ and the table of reasons give?
	@fresh=$$(mktemp -d); trap 'rm -rf "$$fresh"' EXIT; \
	proto/reasons.py $(REASONS) proto/verdict/v1/verdict.proto "$$fresh/verdict.proto"; \
	diff -u proto/verdict/v1/verdict.proto "$$fresh/verdict.proto" \
	  || { echo "proto-check: the reasons in verdict.proto are old; run: make proto"; exit 1; }; \
	proto/reasons_page.py $(REASONS) $(ADVICE) "$$fresh/reasons.md"; \
	diff -u docs/reasons.md "$$fresh/reasons.md" \
	  || { echo "proto-check: docs/reasons.md is old; run: make proto"; exit 1; }; \
	proto/generate.sh "$$fresh/generated" "$$fresh/descriptors.binpb"; \
	cmp Sources/VerdictRPC/descriptors.binpb "$$fresh/descriptors.binpb" \
	  || { echo "proto-check: descriptors.binpb is old; run: make proto"; exit 1; }; \
	cp Sources/CVerdictProto/include/CVerdictProto.h "$$fresh/generated/include/"; \
	diff -ur Sources/CVerdictProto "$$fresh/generated" \
	  || { echo "proto-check: Sources/CVerdictProto is old; run: make proto"; exit 1; }; \
	echo "proto-check: the generated code is current"

schema: build ## renew docs/policy.schema.json from the parser's tables
	$(VERDICT) schema > $(WORK)/policy.schema.json
	mv $(WORK)/policy.schema.json docs/policy.schema.json

configuration: build ## renew docs/configuration.md from the table of options
	$(VERDICT) config reference > $(WORK)/configuration.md
	mv $(WORK)/configuration.md docs/configuration.md

format: swift-there ## format the Swift code in place
	$(SWIFT) format --in-place --recursive --parallel Package.swift Sources Tests

lint: swift-there ## is the Swift code formatted as .swift-format says?
	$(SWIFT) format lint --strict --recursive --parallel Package.swift Sources Tests

asan: swift-there ## the tests in Swift under the address sanitizer
	LSAN_OPTIONS=suppressions=$(CURDIR)/Tests/leaks.supp $(SWIFT) test --sanitize=address --scratch-path .build-asan -j $(JOBS) --disable-xctest

tsan: swift-there ## the tests in Swift under the thread sanitizer
	TSAN_OPTIONS=suppressions=$(CURDIR)/Tests/races.supp $(SWIFT) test --sanitize=thread --scratch-path .build-tsan -j $(JOBS) --disable-xctest

clean: ## remove everything that was built
	rm -rf .build .build-asan .build-tsan .build-fuzz $(WORK)

# The environment of the Python tests and benchmarks: pinned, and stubs made from proto/.

$(VENV)/ready: Tests/Python/requirements.txt
	rm -rf $(VENV)
	$(PYTHON) -m venv $(VENV)
	$(VENV)/bin/python -m pip install --quiet --disable-pip-version-check -r $<
	touch $@

PROTOS := verdict/v1/verdict.proto verdict/v1/inspection.proto \
  envoy/service/auth/v3/external_auth.proto

$(STUBS)/ready: $(addprefix proto/,$(PROTOS)) $(VENV)/ready
	mkdir -p $(STUBS)
	$(VENV)/bin/python -m grpc_tools.protoc -I proto --python_out=$(STUBS) \
	  --grpc_python_out=$(STUBS) $(PROTOS)
	@# A package of its own, before the one of the same name that the tests' Envoy comes in.
	touch $(STUBS)/envoy/__init__.py $@

# The programs in C that the benchmarks use.

.PHONY: bench-tools
bench-tools: $(TOOLS)/floor $(TOOLS)/loadgen $(TOOLS)/malloccount.so

CFLAGS_OF_TOOLS := -std=gnu11 -O2 -g -Wall -Wextra -Werror

$(TOOLS)/loadgen: Tests/Benchmarks/loadgen.h

$(TOOLS)/%.so: Tests/Benchmarks/%.c
	@mkdir -p $(TOOLS)
	$(CC) $(CFLAGS_OF_TOOLS) -fPIC -shared $< -o $@ -ldl

$(TOOLS)/%: Tests/Benchmarks/%.c
	@mkdir -p $(TOOLS)
	$(CC) $(CFLAGS_OF_TOOLS) $< -o $@ -lnghttp2

$(TOOLS)/rival: Tests/Benchmarks/rival.cc
	@mkdir -p $(TOOLS)
	$(CXX) -std=c++17 -O2 -Wall -Wextra -Werror $< -o $@ $$(pkg-config --cflags --libs grpc++)
