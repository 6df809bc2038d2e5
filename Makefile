# SPDX-License-Identifier: LGPL-2.1-or-later
#
# The whole build of weir: its libraries, one tool, their tests. One file, no recursion into folders; what is made
# goes below build/. `make help` lists the targets. Set on the command line or in the environment:
#   CC=clang  CFLAGS=-O3  WERROR=1 (warnings are errors)  V=1 (show commands)  SAN=1 (sanitizers, in build-san/)
#   XML=0 (without libxml2: no libweir-xml, and a tool that knows JSON only)
#   DESTDIR=  PREFIX=/usr/local  LIBDIR=  SBINDIR=  INCLUDEDIR=  DATADIR=  UNITDIR=  UDEVDIR=  INITDIR=  (for install)

VERSION    := 0.1.0# the one place: sonames, .pc files, WR_VERSION in C and the tarball take it from here
SOVERSION  := $(firstword $(subst ., ,$(VERSION)))

PREFIX     ?= /usr/local
LIBDIR     ?= $(PREFIX)/lib
SBINDIR    ?= $(PREFIX)/sbin
INCLUDEDIR ?= $(PREFIX)/include
DATADIR    ?= $(PREFIX)/share
ifdef SMALL
SMALL_FLAGS := -fno-pie -fno-asynchronous-unwind-tables -Wno-override-init \
	-DWR_NO_DOCS -DWR_NO_TBF -DWR_NO_LOOK -DWR_NO_HUSH -DWR_NO_FILL -DWR_NO_AHEAD
CFLAGS     ?= $(SMALLEST) $(if $(findstring clang,$(CC)),,-flto=auto -flto-partition=one)
LDFLAGS    ?= -s -no-pie -Wl,-z,noseparate-code,-z,norelro,-z,common-page-size=512,-O2,--build-id=none
endif
CFLAGS     ?= -O2 -g
UNITDIR    ?= $(PREFIX)/lib/systemd/system
UDEVDIR    ?= $(PREFIX)/lib/udev/rules.d
INITDIR    ?= $(PREFIX)/etc/init.d
PKG_CONFIG ?= pkg-config
FUZZ_CC    ?= clang
XML        ?= 1
MUSL_CC    ?= musl-gcc

# ---- where things go, and for which kind of build

B := build
ifdef SAN
B := build-san
SANITIZE := -fsanitize=address,undefined -fno-sanitize-recover=all -fno-omit-frame-pointer
endif
ifdef FUZZ
B := build/fuzz
SANITIZE := -fsanitize=fuzzer-no-link,address,undefined -fno-sanitize-recover=all -fno-omit-frame-pointer
endif

.DEFAULT_GOAL := all
.DELETE_ON_ERROR:
.SECONDARY:
.SUFFIXES:
ifneq ($(filter deps,$(MAKECMDGOALS)),)
.NOTPARALLEL:# `make -j deps check`: nothing is compiled before the packages are there
endif

Q   := $(if $(V),,@)
say  = $(if $(V),,@printf '  %-8s%s\n' '$(1)' '$(2)';)

# ---- compiler and linker

WARN := -Wall -Wextra -Wshadow -Wstrict-prototypes -Wmissing-prototypes -Wwrite-strings -Wformat=2 -Wundef -Wvla \
	-Wimplicit-fallthrough -Wcast-align -Wnull-dereference -Wno-unused-parameter $(if $(WERROR),-Werror)
OURS := -std=gnu11 -D_GNU_SOURCE= -D_FILE_OFFSET_BITS=64 -DWR_VERSION=\"$(VERSION)\" $(if $(SMALL),$(SMALL_FLAGS),-fPIC) \
	-fvisibility=hidden -fno-common -ffunction-sections -fdata-sections $(WARN) $(SANITIZE)

# Asked once, and only when a recipe needs it: `make deps check` is read before pkg-config is installed.
ask      = $(eval $(1) := $$(shell $(2)))$($(1))
cflags   = $(call ask,CFLAGS_OF_$(1),$(PKG_CONFIG) --cflags $(1) | sed 's/-I/-isystem /g')
libs     = $(call ask,LIBS_OF_$(1),$(PKG_CONFIG) --libs $(1))
SMALLEST = $(call ask,SMALLEST,for f in -Os -Oz -malign-data=abi -mno-sse -fno-caller-saves -fno-jump-tables \
	-fno-tree-loop-im -fno-tree-sra -fno-move-loop-invariants; do \
	$(CC) -Werror $$$$f -c -x c /dev/null -o /dev/null 2>/dev/null && echo $$$$f; done)
soname   = $(call ask,SONAME_OF_$(1),LC_ALL=C readelf -d $$$$($(CC) -print-file-name=$(1).so) | sed -n 's/.*soname: \[\(.*\)\]/\1/p')
NO_UNDEFINED_VERSION = $(call ask,NO_UNDEFINED_VERSION,\
	f='-Xlinker --no-undefined-version'; $(CC) $$$$f -shared -x c /dev/null -o /dev/null 2>/dev/null && echo $$$$f)

# A library with sanitizers finds their symbols in the program, so it may not insist on having all of its own.
HARDEN := -Wl,-z,relro,-z,now -Wl,--as-needed
SHARED  = -shared $(HARDEN) $(if $(SANITIZE),,-Wl,--no-undefined -Wl,-z,defs) $(NO_UNDEFINED_VERSION) $(SANITIZE)
PROGRAM = $(HARDEN) -Wl,--gc-sections $(SANITIZE)

# What each part may see: the tool and the benchmarks get the public headers and nothing else of ours.
INCLUDES = -Iinclude -Ilib -I. $(if $(SMALL),$(SMALL_INCLUDES),$(call cflags,libmnl))
$(B)/obj/tools/%: INCLUDES = -Iinclude $(if $(SMALL),$(SMALL_INCLUDES))
$(B)/obj/sriov/%: INCLUDES = -Iinclude -Ilib -I. $(call cflags,libpci)
$(B)/obj/lib/xml/%: INCLUDES = -Iinclude -Ilib -I. $(call cflags,libxml-2.0)
$(B)/obj/bench/%: INCLUDES = -Iinclude $(call cflags,libnl-route-3.0)
$(B)/obj/tests/%: INCLUDES = -Iinclude -Ilib -Itc -I. $(call cflags,cmocka) $(call cflags,libnl-route-3.0)
$(B)/obj/tests/unit/test_xml.o: INCLUDES += $(call cflags,libxml-2.0)

# ---- sources: a file in one of these folders belongs to what the folder belongs to

sources = $(sort $(wildcard $(addsuffix /*.c,$(1))))
objects = $(patsubst %.c,$(B)/obj/%.o,$(1))

BASE_OBJ    := $(call objects,$(call sources,lib/base))
WEIR_OBJ    := $(BASE_OBJ) $(call objects,$(call sources,lib lib/netlink lib/txn lib/link lib/ip lib/monitor tc))
SRIOV_OBJ   := $(call objects,$(call sources,sriov))
NETWORK_OBJ := $(call objects,$(call sources,lib/network lib/host lib/nat lib/dhcp lib/ovs lib/json))
# What libweir-xml has of its own as well: tables, and JSON by them, which are not for everybody.
TABLE_OBJ   := $(call objects,$(call sources,lib/json) $(wildcard lib/network/table*.c) lib/network/text.c lib/host/tables.c)
XML_OBJ     := $(call objects,$(call sources,lib/xml))
NETCF_OBJ   := $(call objects,$(call sources,lib/netcf))
TOOL_OBJ    := $(call objects,$(call sources,tools))
COMMON_OBJ  := $(call objects,$(call sources,tests/common) $(sort $(wildcard tests/netns/lib_*.c)))
HEADERS     := $(sort $(wildcard include/weir/*.h))

tests  = $(patsubst %.c,$(B)/%,$(sort $(wildcard tests/$(1)/test_*.c)))
UNIT  := $(call tests,unit)
NETNS := $(call tests,netns)
BENCH := $(patsubst %.c,$(B)/%,$(sort $(wildcard bench/bench_*.c)))
BENCH_OBJ := $(call objects,$(sort $(wildcard bench/lib_*.c)))
FLOW  := $(B)/bench/flow
FUZZERS := $(patsubst %.c,$(B)/%,$(call sources,tests/fuzz))

# The libraries, those that use another before it, and which libraries of others each links, by pkg-config's names.
LIBRARIES            := libweir-xml libweir-network libweir-sriov libweir
USES_libweir         := libmnl
USES_libweir-sriov   := libpci
USES_libweir-network := libnftables jansson
USES_libweir-xml     := libxml-2.0 jansson

# Without libxml2: the same, less some files.
ifeq ($(XML),0)
LIBRARIES := $(filter-out libweir-xml,$(LIBRARIES))
TOOL_OBJ  := $(filter-out %/rows_xml.o %/cmd_xml.o %/left_out.o,$(TOOL_OBJ))
UNIT      := $(filter-out %/test_xml,$(UNIT))
NETNS     := $(filter-out %/test_xml_live %/test_netcf,$(NETNS))
HEADERS   := $(filter-out %/xml.h,$(HEADERS))
FUZZERS   := $(filter-out %/fuzz_xml_network %/fuzz_xml_port %/fuzz_xml_group %/fuzz_xml_guest %/fuzz_xml_update,$(FUZZERS))
endif

USES   := $(foreach l,$(LIBRARIES),$(USES_$(l)))
STATIC := $(LIBRARIES:%=$(B)/%.a)
SHLIBS := $(LIBRARIES:%=$(B)/%.so.$(VERSION))
LINKS  := $(foreach l,$(LIBRARIES),$(B)/$(l).so.$(SOVERSION) $(B)/$(l).so)
PCS    := $(LIBRARIES:%=$(B)/%.pc)
NETCF  := $(if $(filter libweir-xml,$(LIBRARIES)),$(B)/libnetcf.so.1.4.0)# with netcf's numbers, and installed only if asked for

# The one-file tool (`make static`) is a build of its own, SMALL=1 B=build/static: these files, whose commands need no
# library but libweir (tools/features.c), with small/ in jansson's place, and in libmnl's where there is no libmnl.a.
ifdef SMALL
TOOL_OBJ := $(patsubst %,$(B)/obj/tools/%.o,weir options help features out text tool \
	rows_core cmd_recover rows_link cmd_link cmd_set rows_shape cmd_shape \
	rows_if cmd_if cmd_apply cmd_check file)
WEIR_OBJ := $(filter-out $(addprefix %/,txn/hush.o tc/explain.o $(addprefix link/,fill.o macvtap.o move.o moved.o \
	vf.o vf_info.o profile.o profile_msg.o)),$(WEIR_OBJ))
STATIC   := $(WEIR_OBJ) $(filter-out %/schema.o,$(call objects,$(call sources,lib/host lib/json))) $(B)/small.a
HAS_MNL   = $(call ask,HAS_MNL,f='-static -x c - -o /dev/null -lmnl'; \
	echo 'int main(void) { return 0; }' | $(CC) $$$$f 2>/dev/null && echo -lmnl)
SMALL_INCLUDES := -Ismall -isystem $(B)/include -include small/libc.h
endif
TOOL   := $(if $(TOOL_OBJ),$(B)/weir)

.PHONY: all programs static deps demo check check-lint check-unit check-netns check-api check-guest check-lab check-san \
	check-valgrind layers map install uninstall install-netcf uninstall-netcf format tidy analyze fuzz fuzz-run \
	bench bench-full bench-lab bench-keep bench-accuracy bench-soft soak dist tags clean distclean help FORCE

all: $(SHLIBS) $(LINKS) $(STATIC) $(PCS) $(NETCF) $(TOOL) ## the libraries, shared and static, and build/weir

# ---- rules

# A stamp changes when the command that it names changes: another CC or PREFIX, or a file that is gone, makes what it must.
STAMP.flags = $(CC) $(CPPFLAGS) $(OURS) $(CFLAGS) $(LDFLAGS)
STAMP.paths = $(VERSION) $(PREFIX) $(LIBDIR) $(INCLUDEDIR) $(SBINDIR)
STAMP.parts = $(NETCF_OBJ) $(WEIR_OBJ) $(SRIOV_OBJ) $(NETWORK_OBJ) $(XML_OBJ) $(COMMON_OBJ) $(TOOL_OBJ)
$(B)/.flags $(B)/.paths $(B)/.parts: FORCE
	@mkdir -p $(@D); printf '%s\n' '$(STAMP$(@F))' | cmp -s - $@ || printf '%s\n' '$(STAMP$(@F))' > $@

$(B)/obj/%.o: %.c $(B)/.flags $(if $(SMALL),| $(B)/include)
	$(call say,CC,$<)mkdir -p $(@D)
	$(Q)$(CC) $(CPPFLAGS) $(INCLUDES) $(OURS) $(CFLAGS) -MMD -MP -c -o $@ $<
-include $(shell find $(B)/obj -name '*.d' 2>/dev/null)

# Only weir_* leaves a library, so lib/base is inside each, hidden, and the others see libweir's public calls only.
$(B)/libweir.so.$(VERSION): $(WEIR_OBJ)
$(B)/libweir-sriov.so.$(VERSION): $(BASE_OBJ) $(SRIOV_OBJ) $(B)/libweir.so.$(VERSION)
$(B)/libweir-network.so.$(VERSION): $(BASE_OBJ) $(NETWORK_OBJ) $(B)/libweir.so.$(VERSION)
$(B)/libweir-xml.so.$(VERSION): $(BASE_OBJ) $(XML_OBJ) $(TABLE_OBJ) $(B)/libweir-network.so.$(VERSION) $(B)/libweir.so.$(VERSION)
$(SHLIBS): $(B)/%.so.$(VERSION): lib/%.map $(B)/.flags $(B)/.parts
	$(call say,LD,$@)
	$(Q)$(CC) $(SHARED) -Wl,-soname,$*.so.$(SOVERSION) -Wl,--version-script=lib/$*.map $(CFLAGS) $(LDFLAGS) \
		-o $@ $(filter %.o %.so.$(VERSION),$^) $(foreach p,$(USES_$*),$(call libs,$(p)))
$(B)/libnetcf.so.1.4.0: $(NETCF_OBJ) lib/netcf/libnetcf.map $(SHLIBS) $(B)/.flags
	$(call say,LD,$@)
	$(Q)$(CC) $(SHARED) -Wl,-soname,libnetcf.so.1 -Wl,--version-script=lib/netcf/libnetcf.map $(CFLAGS) $(LDFLAGS) \
		-o $@ $(filter %.o %.so.$(VERSION),$^)
$(LINKS): $(SHLIBS)
	$(Q)ln -sf $(firstword $(subst .so, ,$(@F))).so.$(VERSION) $@

# In an archive nothing is hidden, so lib/base is in one of them only.
$(B)/libweir.a: $(WEIR_OBJ)
$(B)/libweir-sriov.a: $(SRIOV_OBJ)
$(B)/libweir-network.a: $(NETWORK_OBJ)
$(B)/libweir-xml.a: $(XML_OBJ)
$(B)/tests/common.a: $(COMMON_OBJ)
%.a: $(B)/.parts
	$(call say,AR,$@)mkdir -p $(@D) && rm -f $@
	$(Q)$(AR) rcsD $@ $(filter %.o,$^)

# What calls the tool when the host boots or a card appears.
BOOT := $(addprefix $(B)/weir-,interfaces.service interfaces.init networks.service hotplug.rules hotplug@.service)
$(BOOT): $(B)/%: tools/%.in $(B)/.paths
	$(Q)sed 's|@SBINDIR@|$(SBINDIR)|' $< > $@

$(B)/%.pc: lib/%.pc.in $(B)/.paths
	$(Q)sed -e 's|@PREFIX@|$(PREFIX)|; s|@VERSION@|$(VERSION)|g' -e 's|@LIBDIR@|$(LIBDIR:$(PREFIX)/%=$${prefix}/%)|' \
		-e 's|@INCLUDEDIR@|$(INCLUDEDIR:$(PREFIX)/%=$${prefix}/%)|' $< > $@

# Programs are linked with our archives, so that they run where they were built. A test that needs more from the linker
# (LDFLAGS_test_faults := -Wl,--wrap=malloc) says so here.
OURLIBS = $(if $(SMALL),-static $(HAS_MNL) $(B)/small.a,$(STATIC) $(foreach l,$(USES),$(call libs,$(l))))
LDFLAGS_test_xml := -Wl,--wrap=malloc,--wrap=calloc,--wrap=realloc,--wrap=strdup
link    = $(Q)mkdir -p $(@D) && $(CC) $(PROGRAM) $(CFLAGS) $(LDFLAGS) $(LDFLAGS_$(@F)) -o $@ $(filter %.o %common.a,$^)
# The tool loads these when it needs them (tools/late.c).
$(B)/weir: USES := $(filter-out libxml-2.0 libnftables,$(USES))
$(B)/obj/tools/late.o: OURS += -DLIBXML2=\"$(call soname,libxml2)\" -DLIBNFTABLES=\"$(call soname,libnftables)\"
$(B)/weir: $(TOOL_OBJ) $(STATIC) $(B)/.parts
	$(call say,LD,$@)
	$(link) $(OURLIBS)
$(UNIT) $(NETNS): $(B)/%: $(B)/obj/%.o $(B)/tests/common.a $(STATIC)
	$(call say,LD,$@)
	$(link) $(OURLIBS) $(call libs,cmocka) $(call libs,libnl-route-3.0)
$(B)/tests/netns/test_netcf: $(NETCF_OBJ)
$(BENCH): $(B)/%: $(B)/obj/%.o $(BENCH_OBJ) $(STATIC)
	$(call say,LD,$@)
	$(link) $(OURLIBS) $(call libs,libnl-route-3.0) -lm
$(FLOW): $(B)/%: $(B)/obj/%.o# for a guest that has nothing else
	$(call say,LD,$@)
	$(Q)mkdir -p $(@D) && $(CC) -static $(CFLAGS) $(LDFLAGS) -o $@ $<
# Without libFuzzer they are unit tests of their seeds (tests/common/seeds.c).
$(FUZZERS): $(B)/%: $(B)/obj/%.o $(if $(FUZZ),,$(B)/tests/common.a) $(STATIC)
	$(call say,LD,$@)
	$(link) $(if $(FUZZ),-fsanitize=fuzzer) $(OURLIBS)

# Two of the one-file tool; musl gets the kernel's headers, and no others of the system, by links.
MUSL := $(if $(filter static bench%,$(MAKECMDGOALS)),$(shell command -v $(MUSL_CC)))
static: $(STATIC) ## the static archives, and the tool in one file, for what needs libweir alone: build/{static,musl}/weir
	$(Q)$(MAKE) --no-print-directory SMALL=1 B=build/static build/static/weir
	$(Q)$(if $(MUSL),$(MAKE) --no-print-directory SMALL=1 B=build/musl CC=$(MUSL) build/musl/weir)
	@wc -c build/static/weir $(if $(MUSL),build/musl/weir,/dev/null) | sed '$$d'; build/static/weir --version
$(B)/small.a: $(call objects,$(call sources,small))
$(B)/include: | $(B)/.flags
	$(Q)mkdir -p $@ && ln -sfn /usr/include/linux /usr/include/asm-generic \
		$(firstword $(wildcard /usr/include/$(shell cc -print-multiarch)/asm /usr/include/asm)) $@

# ---- tests: each tier prints a line per program and ends with "N passed, N failed"; `check` sums up

TIERS   := lint unit netns api guest lab
WRAP    :=
TIMEOUT := 600
VALGRIND := valgrind -q --error-exitcode=99 --leak-check=full --errors-for-leak-kinds=definite,possible \
	$(addprefix --suppressions=,$(wildcard tests/valgrind.supp))
export ASAN_OPTIONS ?= detect_leaks=1
export UBSAN_OPTIONS ?= print_stacktrace=1
run = @WEIR='$(B)/weir' WEIR_BUILD='$(B)' CC='$(CC)' XML='$(XML)' WR_VERSION='$(VERSION)' V='$(V)' tests/run.sh \
	--totals $(B)/totals --logs $(B)/logs --timeout $(TIMEOUT)
here = $(sort $(wildcard $(1)))

deps: ## install what is needed to build and test (Debian packages; needs root only if one is missing)
	@tests/deps.sh

demo: all ## the tour: two guests on a NAT network, in throwaway namespaces
	@WEIR='$(B)/weir' WEIR_BUILD='$(B)' tests/demo/demo.sh

programs: all $(UNIT) $(NETNS) $(FUZZERS) ## all, and the programs of the tests

check: programs ## all tests, the cheap ones first; stops after the first tier that fails (make -k check: goes on)
	@rm -f $(B)/totals $(B)/totals.failed $(B)/totals.skipped; for t in $(TIERS); do \
		if [ -n "$$stop" ]; then echo "$$t: not run, because of $$stop"; continue; fi; \
		$(MAKE) --no-print-directory check-$$t || \
			stop='$(if $(findstring k,$(firstword -$(MAKEFLAGS))),,'$$t')'; \
		grep -q "^$$t " $(B)/totals || echo "$$t 0 1 0" >> $(B)/totals; \
	done; tests/run.sh --sum $(B)/totals
check-lint: all ## layers, headers, exports, documentation and other cheap rules
	$(run) --tier lint tests/lint/selftest.sh $(call here,tests/lint/check-*)
check-unit: $(UNIT) $(FUZZERS) $(TOOL) ## pure functions and fuzzers' seeds, no privileges
	$(run) --tier unit $(if $(WRAP),--wrap '$(WRAP)') $(UNIT) $(FUZZERS) $(call here,tests/unit/test_*.sh)
check-netns: $(NETNS) $(TOOL) ## real kernel objects in namespaces
	$(run) --tier netns --netns --jobs 2 $(if $(WRAP),--wrap '$(WRAP)') $(NETNS) $(call here,tests/netns/test_*.sh)
check-api: all ## the installed libraries, used from C99 and C++11
	$(run) --tier api $(call here,tests/api/test_*.sh)
check-guest: all ## a guest boots on a port that we made
	$(run) --tier guest --timeout 1200 tests/guest/run.sh
check-lab: programs ## the netns tier on stock kernels in QEMU
	$(run) --tier lab --timeout 3600 tests/lab/run.sh
check-san: ## unit and netns tiers with address and undefined behaviour sanitizers
	@WEIR_TEST_STRIDE=7 $(MAKE) --no-print-directory SAN=1 TIERS='unit netns' TIMEOUT=1800 check
check-valgrind: ## unit and netns tiers under valgrind, but not what counts system calls or stops at them
	@WEIR_TEST_STRIDE=25 $(MAKE) --no-print-directory TIERS='unit netns' TIMEOUT=3000 WRAP='$(VALGRIND)' \
		NETNS='$(filter-out %/test_calls %/test_kill %/test_sriov_kill %/test_refusals,$(NETNS))' check
layers: ## does every file include only what stands below it?
	@tests/lint/check-layers
map: $(STATIC) ## put what the source marks WEIR_API into the newest node of each version script
	@WEIR_BUILD='$(B)' XML='$(XML)' tests/lint/check-exports --write

# ---- install: every installed file is one word here, FROM:TO, so that uninstall knows them all

to = $(foreach f,$(1),$(f):$(2)/$(notdir $(f)))
PROGRAMS_TO := $(call to,$(TOOL),$(SBINDIR)) $(call to,$(SHLIBS),$(LIBDIR)) \
	$(B)/weir-interfaces.init:$(INITDIR)/weir-interfaces
FILES_TO := $(call to,$(STATIC),$(LIBDIR)) $(call to,$(PCS),$(LIBDIR)/pkgconfig) $(call to,$(HEADERS),$(INCLUDEDIR)/weir) \
	$(call to,$(wildcard examples/*.json examples/host/*.json),$(DATADIR)/doc/weir/examples) \
	$(call to,$(wildcard tools/*.8),$(DATADIR)/man/man8) \
	$(call to,$(wildcard lib/json/*.schema.json),$(DATADIR)/weir) \
	$(B)/weir-interfaces.service:$(UNITDIR)/weir-interfaces.service \
	$(B)/weir-networks.service:$(UNITDIR)/weir-networks.service \
	$(B)/weir-hotplug@.service:$(UNITDIR)/weir-hotplug@.service \
	$(B)/weir-hotplug.rules:$(UDEVDIR)/90-weir-hotplug.rules \
	tools/weir.bash-completion:$(DATADIR)/bash-completion/completions/weir

install: all $(BOOT) ## tool, libraries, headers, .pc files, schemas, examples, manuals, boot units
	$(Q)for f in $(PROGRAMS_TO); do install -D -m 755 "$${f%%:*}" "$(DESTDIR)$${f#*:}" || exit; done
	$(Q)for f in $(FILES_TO); do install -D -m 644 "$${f%%:*}" "$(DESTDIR)$${f#*:}" || exit; done
	$(Q)for l in $(LINKS); do cp -Pf $$l "$(DESTDIR)$(LIBDIR)/" || exit; done
	$(Q)[ -n "$(DESTDIR)" ] || [ "$$(id -u)" != 0 ] || ldconfig
uninstall: ## remove what install put there, and folders of ours that are empty then
	$(Q)for f in $(PROGRAMS_TO) $(FILES_TO); do rm -f "$(DESTDIR)$${f#*:}"; done
	$(Q)for l in $(notdir $(LINKS)); do rm -f "$(DESTDIR)$(LIBDIR)/$$l"; done
	$(Q)rmdir --ignore-fail-on-non-empty $(wildcard $(addprefix $(DESTDIR),\
		$(INCLUDEDIR)/weir $(DATADIR)/weir $(DATADIR)/doc/weir/examples)) $(wildcard $(DESTDIR)$(DATADIR)/doc/weir) 2>&1 || :

# A program that was linked with netcf takes this for it, so where it stands is a decision of its own.
NETCF_TO := $(call to,$(NETCF),$(LIBDIR)) lib/netcf/netcf.h:$(INCLUDEDIR)/netcf.h $(B)/netcf.pc:$(LIBDIR)/pkgconfig/netcf.pc
install-netcf: install $(NETCF) $(B)/netcf.pc ## the same, and libnetcf.so.1 with netcf's header in netcf's place
	$(Q)for f in $(NETCF_TO); do install -D -m 644 "$${f%%:*}" "$(DESTDIR)$${f#*:}" || exit; done
	$(Q)ln -sf libnetcf.so.1.4.0 "$(DESTDIR)$(LIBDIR)/libnetcf.so.1" && ln -sf libnetcf.so.1 "$(DESTDIR)$(LIBDIR)/libnetcf.so"
	$(Q)[ -n "$(DESTDIR)" ] || [ "$$(id -u)" != 0 ] || ldconfig
uninstall-netcf: ## remove what install-netcf added
	$(Q)for f in $(NETCF_TO); do rm -f "$(DESTDIR)$${f#*:}"; done
	$(Q)rm -f "$(DESTDIR)$(LIBDIR)/libnetcf.so.1" "$(DESTDIR)$(LIBDIR)/libnetcf.so"

# ---- for developers

OUR_C := $(call here,$(foreach d,include/weir lib lib/* tc sriov tools bench small tests/*,$(d)/*.c $(d)/*.h))

# What is kept in an array that grows gcc 12 takes for a leak, and what a copy of a length that it does not know has
# filled for uninitialized; ASan, valgrind and clang look for those.
ANALYZE     := -include tests/lint/analyze.h
ANALYZE_GCC := -O0 -g -fanalyzer -Wno-analyzer-malloc-leak -Wno-analyzer-use-of-uninitialized-value

format: ## apply .clang-format to all C files
	clang-format -i $(OUR_C)
tidy: ## clang-tidy with the checks of .clang-tidy
	clang-tidy --quiet $(filter lib/%.c tc/%.c sriov/%.c,$(OUR_C)) -- $(ANALYZE) $(INCLUDES) $(call cflags,libxml-2.0) \
		$(filter-out -W%,$(OURS))
	clang-tidy --quiet $(filter tools/%.c,$(OUR_C)) -- -Iinclude -DLIBXML2='""' -DLIBNFTABLES='""' $(filter-out -W%,$(OURS))
analyze: ## gcc -fanalyzer, cppcheck, clang-tidy with clang's analyzer
	$(MAKE) B=build/analyze CC=gcc WERROR=1 CPPFLAGS='$(ANALYZE)' CFLAGS='$(ANALYZE_GCC)' \
		$(STATIC:$(B)/%=build/analyze/%)
	cppcheck -q --error-exitcode=1 --enable=warning,performance,portability --inline-suppr \
		--suppressions-list=tests/lint/cppcheck.supp --include=tests/lint/cppcheck.h \
		-D_GNU_SOURCE -Iinclude -Ilib -I. lib tc sriov tools
	$(MAKE) tidy
fuzz: ## run every fuzzer for 20 s each (clang)
	@$(MAKE) --no-print-directory FUZZ=1 CC=$(FUZZ_CC) fuzz-run
fuzz-run: $(FUZZERS)
	@for f in $(FUZZERS); do n=$$(basename $$f); c=$(B)/corpus/$$n; mkdir -p $$c; \
		seeds=tests/fuzz/corpus/$${n#fuzz_}; [ -d $$seeds ] || seeds=; \
		$$f -max_total_time=20 -print_final_stats=1 -artifact_prefix=$(B)/$$n- $$c $$seeds || exit; done
bench: $(BENCH) $(FLOW) $(TOOL) static ## side by side with what else there is, in under 10 minutes: build/bench/report/index.md
	@WEIR='$(CURDIR)/$(B)/weir' FLOW='$(FLOW)' bench/run.sh $(if $(FULL),--full) $(B)/bench/report bench/size.sh $(BENCH)
bench-full: ## the same with more trials and the largest sizes: an hour, or MINUTES=14
	@$(MAKE) --no-print-directory FULL=1 bench
soak: $(B)/tests/netns/test_update ## two processes change and use one network for a minute (SOAK=N: N seconds)
	@WEIR_TEST_SECONDS=$(or $(SOAK),60) $<
bench-lab: $(B)/bench/bench_kinds ## vlans, bonds and virtual functions on a stock kernel, for the next page
	@bench/lab.sh $< $(B)/bench/lab.jsonl
bench-keep: ## put the pages that were made last into the tree, with a few plots: bench/RESULTS.md, bench/ACCURACY.md
	@mkdir -p bench/plots && cp $(foreach p,veth shape delete network attach read-all,$(B)/bench/report/$(p).svg) bench/plots/
	@sed -E 's#\]\((veth|shape|delete|network|attach|read-all)[.]svg#](plots/\1.svg#; /^!\[.*\]\([^/]*$$/d' \
		$(B)/bench/report/index.md >bench/RESULTS.md
	@[ ! -f $(B)/bench/accuracy/accuracy.svg ] || { cp $(B)/bench/accuracy/accuracy.svg bench/plots/ && \
		sed 's#(accuracy.svg)#(plots/accuracy.svg)#' $(B)/bench/accuracy/accuracy.md >bench/ACCURACY.md; }
bench-accuracy: $(FLOW) $(TOOL) ## what arrives against what a limit asks for, through real guests too: a quarter of an hour
	@mkdir -p $(B)/bench/accuracy && WEIR='$(B)/weir' bench/accuracy.sh $(FLOW) $(B)/bench/accuracy
bench-soft: $(BENCH) $(FLOW) ## how far from the floor, for CI's log; never fails
	@bench/soft.sh $(B)/bench/bench_links $(B)/bench/bench_read
dist: ## build/weir-VERSION.tar.gz from the last commit
	@mkdir -p $(B) && git archive --format=tar.gz --prefix=weir-$(VERSION)/ -o $(B)/weir-$(VERSION).tar.gz HEAD
tags: ## build/tags for the editor
	@mkdir -p $(B) && ctags -f $(B)/tags --tag-relative=always $(OUR_C)
clean: ## remove what was built; downloads below build/ stay
	rm -rf build-san $(filter-out build/lab build/guest build/ovs build/cache,$(wildcard build/* build/.[fp]*))
distclean: ## remove build/ altogether
	rm -rf build build-san
help: ## this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "%-16s%s\n", $$1, $$2 }' $(firstword $(MAKEFILE_LIST))
