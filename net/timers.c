// SPDX-License-Identifier: ISC

#include "net/timers.h"

#include <assert.h>
#include <stddef.h>

static bool
is_before(const struct dm_timer *a, const struct dm_timer *b)
{
    return a->due_ns != b->due_ns ? a->due_ns < b->due_ns : a->order < b->order;
}

// Join two heaps whose roots have no siblings
static struct dm_timer *
meld(struct dm_timer *a, struct dm_timer *b)
{
    struct dm_timer *root = a;
    struct dm_timer *child = b;
    if (is_before(b, a)) {
        root = b;
        child = a;
    }
    child->before = root;
    child->sibling = root->child;
    if (root->child) {
        root->child->before = child;
    }
    root->child = child;
    return root;
}

static struct dm_timer *
cut(struct dm_timer *timer)
{
    timer->sibling = NULL;
    timer->before = NULL;
    return timer;
}

// Join siblings: in pairs from left to right, then the pairs from right to
// left, which is what makes the cost logarithmic
static struct dm_timer *
meld_siblings(struct dm_timer *first)
{
    struct dm_timer *pairs = NULL; // Linked by `sibling`, the last one first
    while (first) {
        struct dm_timer *a = first;
        struct dm_timer *b = a->sibling;
        first = b ? b->sibling : NULL;
        struct dm_timer *pair = b ? meld(cut(a), cut(b)) : cut(a);
        pair->sibling = pairs;
        pairs = pair;
    }
    struct dm_timer *root = NULL;
    while (pairs) {
        struct dm_timer *next = pairs->sibling;
        root = root ? meld(root, cut(pairs)) : cut(pairs);
        pairs = next;
    }
    return root;
}

void
dm_timers_insert(struct dm_timers *timers, struct dm_timer *timer)
{
    assert(!timer->is_running);
    timer->child = NULL;
    timer->order = timers->n_started++;
    timer->is_running = true;
    (void)cut(timer);
    timers->first = timers->first ? meld(timers->first, timer) : timer;
}

void
dm_timers_remove(struct dm_timers *timers, struct dm_timer *timer)
{
    assert(timer->is_running);
    struct dm_timer *below = timer->child ? meld_siblings(timer->child) : NULL;
    if (timer == timers->first) {
        timers->first = below;
    } else {
        struct dm_timer *before = timer->before;
        if (before->child == timer) {
            before->child = timer->sibling;
        } else {
            before->sibling = timer->sibling;
        }
        if (timer->sibling) {
            timer->sibling->before = before;
        }
        if (below) {
            timers->first = meld(timers->first, below);
        }
    }
    (void)cut(timer);
    timer->child = NULL;
    timer->is_running = false;
}

// The timer after `timer` in a walk of all of them: down, right, or up and
// right
static const struct dm_timer *
next_in_walk(const struct dm_timer *timer)
{
    if (timer->child) {
        return timer->child;
    }
    while (timer && !timer->sibling) {
        const struct dm_timer *before = timer->before;
        while (before && before->child != timer) { // To the first sibling
            timer = before;
            before = timer->before;
        }
        timer = before;
    }
    return timer ? timer->sibling : NULL;
}

static bool
is_node_valid(const struct dm_timers *timers, const struct dm_timer *timer)
{
    if (!timer->is_running || timer->order >= timers->n_started ||
        !timer->fire || (timer == timers->first) != !timer->before) {
        return false;
    }
    for (const struct dm_timer *child = timer->child, *before = timer; child;
         before = child, child = child->sibling) {
        if (child->before != before || !is_before(timer, child)) {
            return false;
        }
    }
    return true;
}

bool
dm_timers_is_valid(const struct dm_timers *timers)
{
    if (timers->first && timers->first->sibling) {
        return false;
    }
    for (const struct dm_timer *timer = timers->first; timer;
         timer = next_in_walk(timer)) {
        if (!is_node_valid(timers, timer)) {
            return false;
        }
    }
    return true;
}
