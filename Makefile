# The commands of a working day. `make demo` and `make test` need a Debian 12 and root, nothing else.
# Everything they make is below build/.
prefix ?= /usr/local
export CCACHE_DIR ?= $(CURDIR)/build/ccache

.PHONY: help setup build images demo test install bench clean

help:
	@echo 'make demo      build Slipway and, with it, a Go service for two platforms; start both'
	@echo 'make test      build everything and run all tests'
	@echo 'make build     the program only: build/release/src/slipway'
	@echo 'make install   put slipway on the PATH (prefix=$(prefix))'
	@echo 'make images    base images for tests and demo, from this machine'"'"'s Debian mirror'
	@echo 'make bench     measure against other builders'
	@echo 'make setup     install the Debian packages that are missing'

setup:
	@tools/setup.sh

build: setup
	@tools/build.sh release slipway

images: setup
	@tests/images/make.sh

demo: build images
	@tools/demo.sh

test: setup
	@tools/build.sh dev all
	@tests/images/make.sh --all
	@tools/test.sh dev

install: build
	cmake --install build/release --prefix $(DESTDIR)$(prefix) --strip

bench: build images
	bench/run

clean:
	rm -rf build
