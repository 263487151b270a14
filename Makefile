# Every verb of a developer is a target here; `make help` lists them.
SHELL := /bin/bash
BIN := bin
MASTERS ?= 1
AGENTS ?= 1
T ?= 30s
ARCHS ?= amd64 arm64
GO ?= go
GOLANGCI := github.com/golangci/golangci-lint/v2/cmd/golangci-lint@v2.15.0
STATIC := -trimpath -ldflags '-s -w'
SHIM := -trimpath -tags 'seccomp netgo osusergo' -ldflags '-s -w -linkmode external -extldflags -static'
SOURCES := $(wildcard $(shell git ls-files -co --exclude-standard -- '*.go' '*.c' '*.yaml' go.mod go.sum 2>/dev/null))

.DEFAULT_GOAL := help
.PHONY: help run build needs test test-tree test-mesosgo check race lint fmt pictures chaos fuzz bench bench-console gen gen-check packages test-packages test-box test-vagrant test-vm clean

help: ## list the targets
	@awk -F':.*## ' '/^[a-z-]+:.*## /{printf "  make %-14s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

run: build ## start a cluster on this machine and open the console on it: make run [AGENTS=3] [MASTERS=3]
	@$(BIN)/localcluster --bin=$(BIN) --work-dir=.run --masters=$(MASTERS) --agents=$(AGENTS)

build: $(BIN)/masterd $(BIN)/agentd $(BIN)/agentd-shim $(BIN)/reeve $(BIN)/localcluster ## build the programs into bin/

$(BIN)/masterd: $(SOURCES)
	CGO_ENABLED=0 $(GO) build $(STATIC) -o $@ ./masterd
$(BIN)/agentd: $(SOURCES)
	CGO_ENABLED=0 $(GO) build $(STATIC) -o $@ ./agentd
$(BIN)/reeve: $(SOURCES)
	CGO_ENABLED=0 $(GO) build $(STATIC) -o $@ ./tui
$(BIN)/localcluster: $(SOURCES)
	CGO_ENABLED=0 $(GO) build $(STATIC) -o $@ ./shared/localcluster/cmd
$(BIN)/agentd-shim: $(SOURCES) | needs
	CGO_ENABLED=1 $(GO) build $(SHIM) -o $@ ./agentd/shim

needs: ## install what the build needs, or say what to install
	@bash shared/needs.sh

test: build ## everything a developer needs before a commit; as root it runs real containers, too
	@[ "$$(id -u)" -eq 0 ] || echo "not root: tests of full containers, cgroups and file owners are skipped; sudo make test runs them"
	@bash shared/needs.sh test
	@$(MAKE) --no-print-directory -j2 test-tree test-mesosgo

# Tests wait more than they compute, for daemons, for the grace that tasks get: more packages are tested at once than there are CPUs.
test-tree: build
	MAKEFLAGS= AGENTD_SHIM=$(CURDIR)/$(BIN)/agentd-shim $(GO) test -race -shuffle=on -timeout=20m -p $$(($$(nproc) + 2)) -tags seccomp ./...

# Built as bin/ is, so that nothing is compiled twice.
test-mesosgo: build
	cd shared/e2e/mesosgo && CGO_ENABLED=0 GOFLAGS="$$GOFLAGS -trimpath" $(GO) test -count=1 ./...

check: lint gen-check test ## what lands must pass

lint: ## golangci-lint, at the version this repository is written for
	$(GO) run $(GOLANGCI) run ./...

fmt: ## format the code
	$(GO) run $(GOLANGCI) fmt ./...

pictures: ## draw the pictures of README and docs, and the page of keys, anew from the console
	$(GO) test ./tui/tuitest -run 'TestPictures|TestKeysPage' -update

chaos: build ## kill and cut a real cluster at random, and check it, as root: make chaos [T=10m] [SEED=7]
	@$(GO) run ./shared/chaos/cmd --bin=$(BIN) --time=$(T) $(if $(SEED),--seed=$(SEED))

fuzz: ## run every fuzz target for T (30s)
	@$(GO) run ./shared/arch/cmd/fuzz -time=$(T)

bench: build ## launch latency beside a bare libcontainer start, key to frame and cost of the console, and other figures
	$(GO) run ./shared/bench/cmd --bin=$(BIN)
	$(MAKE) --no-print-directory bench-console

bench-console: $(BIN)/masterd $(BIN)/reeve ## only what is about the console and the command line: make bench-console [PARTS=keys,idle]
	CGO_ENABLED=0 $(GO) build -o $(BIN)/bench/crowd ./masterd/cmd/crowd
	$(GO) run ./tui/bench/cmd --bin=$(BIN) --crowd=$(BIN)/bench/crowd --only=$(PARTS)

packages: ## build the .deb and .rpm of both architectures into dist/: make packages [ARCHS=amd64]
	@bash shared/needs.sh packages
	bash shared/packaging/build.sh $(ARCHS)

test-packages: ## build the packages twice, compare, look inside, install the .rpm, run the arm64 programs (root)
	@bash shared/needs.sh test-packages
	nice bash shared/packaging/verify.sh

test-box: ## try the packages in a virtual machine: install, upgrade, purge, cloud-init, operations (root once): make test-box [STAGES=packages] [UML=yes]
	@BOX_UML=$(UML) bash shared/needs.sh vm
	@BOX_UML=$(UML) nice bash shared/packaging/box/test-box.sh $(STAGES)

test-vagrant: ## "vagrant up" itself, on an emulated machine: provision, first task, from this computer, upgrade (root)
	nice bash shared/packaging/box/test-vagrant.sh

test-vm: ## run the tests of containers in a virtual machine with cgroup v2: make test-vm [PKGS=agentd/shimclient] [RUN=TestLimits] [UML=yes]
	@BOX_UML=$(UML) bash shared/needs.sh vm
	@BOX_UML=$(UML) RUN='$(RUN)' nice -n 19 bash shared/packaging/box/test-vm.sh $(PKGS)

gen: ## generate the Go of the .proto files (needs protoc)
	cd shared && protoc -I. --go_out=. --go_opt=module=codeberg.org/reeve/reeve/shared \
		--go-grpc_out=. --go-grpc_opt=module=codeberg.org/reeve/reeve/shared $$(find mesosv1 agentlink -name "*.proto")
	protoc -I shared -I . --go_out=. --go_opt=module=codeberg.org/reeve/reeve agentd/record/record.proto

gen-check: gen ## fail if the generated code is not what the .proto files say
	git diff --exit-code -- '*.pb.go'

clean: ## remove what was built and the local cluster's data
	@for dir in .run/*/a*/; do [ -d "$$dir" ] && $(BIN)/agentd clean --work-dir="$$dir"; done; rm -rf $(BIN) dist .run
