# SPDX-License-Identifier: ISC

# The warnings of both compilers. Linked PRIVATE to every target of ours.
# -Wnullable-to-nonnull-conversion is left out: it does not see the check that
# stands before a call. The analyser of clang-tidy (nullability.*) follows the
# flow instead, and -fsanitize=nullability traps in the tests. And so is
# -Wstring-conversion: assert(!"why") marks what cannot be reached.
add_library(dm_warnings INTERFACE)
target_compile_options(
  dm_warnings
  INTERFACE
    -Wall -Wextra -Wpedantic
    -Wconversion -Wsign-conversion -Wdouble-promotion -Wfloat-equal
    -Wshadow -Wcast-qual -Wwrite-strings -Wpointer-arith -Wnull-dereference
    -Wstrict-prototypes -Wmissing-prototypes -Wold-style-definition
    -Wredundant-decls -Wunused-macros -Wundef
    -Wvla -Wformat=2 -Wswitch-enum -Wimplicit-fallthrough
    $<$<C_COMPILER_ID:GNU>:
    -Wduplicated-cond -Wduplicated-branches -Wlogical-op -Wjump-misses-init
    -Wformat-signedness -Wcast-align=strict -Wstack-usage=8192>
    $<$<C_COMPILER_ID:Clang>:
    -Wcomma -Wassign-enum
    -Wconditional-uninitialized -Wshift-sign-overflow
    -Wmissing-variable-declarations -Wunreachable-code-aggressive
    -Wcast-align -Wthread-safety -Wno-string-conversion>
    $<$<BOOL:${DM_WERROR}>:-Werror>)

# Functions that nobody calls, made compile errors
target_compile_options(
  dm_warnings INTERFACE "SHELL:-include ${PROJECT_SOURCE_DIR}/base/banned.h")
