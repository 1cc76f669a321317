/* What Cython cannot say: prefetch, large pages, 128-bit arithmetic. Nothing of protocols. */
#ifndef LICET_PLATFORM_H
#define LICET_PLATFORM_H

#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#define LICET_NONE 0xFFFFFFFFu  /* “no index” in all tables */

#if defined(__GNUC__) || defined(__clang__)
#define licet_prefetch(p) __builtin_prefetch(p)
#else
#define licet_prefetch(p) ((void)0)
#endif

#if defined(__linux__)
#include <sys/mman.h>
#define LICET_LARGE_PAGE ((size_t)1 << 21)
/* Zeroed pages that cost nothing until they are touched. What is larger than a large page begins on a boundary of one,
   so that the system can use them. */
static inline void *licet_allocate(size_t size) {
    size_t spare = size >= LICET_LARGE_PAGE ? LICET_LARGE_PAGE : 0;
    size_t before;
    char *p = mmap(NULL, size + spare, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (p == MAP_FAILED) return NULL;
    if (spare == 0) return p;
    before = (LICET_LARGE_PAGE - (uintptr_t)p % LICET_LARGE_PAGE) % LICET_LARGE_PAGE;
    if (before) munmap(p, before);
    if (spare - before) munmap(p + before + ((size + 4095) & ~(size_t)4095), (spare - before) & ~(size_t)4095);
    return p + before;
}
static inline void licet_use_large_pages(void *p, size_t size) {
#ifdef MADV_HUGEPAGE
    if (size >= LICET_LARGE_PAGE) madvise(p, size, MADV_HUGEPAGE);
#endif
}
static inline void licet_release(void *p, size_t size) {
    if (p != NULL) munmap(p, size);
}
#else
static inline void *licet_allocate(size_t size) { return calloc(1, size); }
static inline void licet_use_large_pages(void *p, size_t size) { (void)p; (void)size; }
static inline void licet_release(void *p, size_t size) { (void)size; free(p); }
#endif

static inline uint64_t licet_mix(uint64_t a, uint64_t b) {
#if defined(__SIZEOF_INT128__)
    unsigned __int128 product = (unsigned __int128)a * b;
    return (uint64_t)product ^ (uint64_t)(product >> 64);
#else
    a ^= b; a *= 0x9E3779B97F4A7C15ULL; a ^= a >> 32; a *= 0xD6E8FEB86659FD93ULL; a ^= a >> 32;
    return a;
#endif
}

/* ticks / ticks_per_s in nanoseconds, plus offset_s, clamped to 0 .. 2^63-2 as the plain twin does.
   ticks_per_s is 2^power_of_two where that is not negative. */
static inline int64_t licet_ticks_to_ns(uint64_t ticks, uint64_t ticks_per_s, int power_of_two, int64_t offset_s) {
    __int128 time = (__int128)ticks * 1000000000;
    if (power_of_two >= 0) time >>= power_of_two > 126 ? 126 : power_of_two;
    else time /= ticks_per_s;
    time += (__int128)offset_s * 1000000000;
    if (time < 0) return 0;
    if (time >= INT64_MAX) return INT64_MAX - 1; /* the last one is “no bound” */
    return (int64_t)time;
}

/* The status word of a block that the system shares with us (TP_STATUS_USER is its lowest bit): what the system wrote
   before it said “yours” is seen after it was read, and what we read was read before we say “yours again”. */
static inline int licet_is_ours(const uint8_t *status) {
#if defined(__GNUC__) || defined(__clang__)
    return (__atomic_load_n((const uint32_t *)(const void *)status, __ATOMIC_ACQUIRE) & 1) != 0;
#else
    return (*(const volatile uint32_t *)(const void *)status & 1) != 0;
#endif
}
static inline void licet_give_back(uint8_t *status) {
#if defined(__GNUC__) || defined(__clang__)
    __atomic_store_n((uint32_t *)(void *)status, 0, __ATOMIC_RELEASE);
#else
    *(volatile uint32_t *)(void *)status = 0;
#endif
}

static inline uint64_t licet_load64(const uint8_t *p) { uint64_t v; memcpy(&v, p, 8); return v; }
/* The number of the lowest bit that is set; v must not be 0. */
static inline uint32_t licet_lowest_bit(uint64_t v) {
#if defined(__GNUC__) || defined(__clang__)
    return (uint32_t)__builtin_ctzll(v);
#else
    uint32_t n = 0;
    while (!(v >> n & 1)) n++;
    return n;
#endif
}
static inline uint32_t licet_load32(const uint8_t *p) { uint32_t v; memcpy(&v, p, 4); return v; }

#endif
