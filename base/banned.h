// SPDX-License-Identifier: ISC

#ifndef DM_BASE_BANNED_H
#define DM_BASE_BANNED_H

/**
 * @file
 * Functions that nobody calls, because there is a better way here.
 *
 * Included by the compiler before every file of ours (CMakeLists.txt), after
 * the system headers that declare them. The heap is base/alloc.h, time and
 * random numbers are base/env.h, text is base/buf.h.
 */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define DM_BANNED(name) sorry_##name##_is_banned_see_base_banned_h

#undef malloc
#define malloc(size) DM_BANNED(malloc)
#undef calloc
#define calloc(n, size) DM_BANNED(calloc)
#undef realloc
#define realloc(ptr, size) DM_BANNED(realloc)
#undef strdup
#define strdup(text) DM_BANNED(strdup)
#undef strndup
#define strndup(text, n) DM_BANNED(strndup)
#undef strcpy
#define strcpy(to, from) DM_BANNED(strcpy)
#undef strncpy
#define strncpy(to, from, n) DM_BANNED(strncpy)
#undef strcat
#define strcat(to, from) DM_BANNED(strcat)
#undef strncat
#define strncat(to, from, n) DM_BANNED(strncat)
#undef strtok
#define strtok(text, separators) DM_BANNED(strtok)
#undef sprintf
#define sprintf(...) DM_BANNED(sprintf)
#undef vsprintf
#define vsprintf(to, format, arguments) DM_BANNED(vsprintf)
#undef atoi
#define atoi(text) DM_BANNED(atoi)
#undef atol
#define atol(text) DM_BANNED(atol)
#undef gmtime
#define gmtime(time) DM_BANNED(gmtime)
#undef localtime
#define localtime(time) DM_BANNED(localtime)
#undef ctime
#define ctime(time) DM_BANNED(ctime)
#undef rand
#define rand() DM_BANNED(rand)

#endif // DM_BASE_BANNED_H
