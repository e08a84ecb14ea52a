// SPDX-License-Identifier: ISC

#ifndef DM_TESTS_UNIT_SYNC_PAYLOAD_FIXTURE_H
#define DM_TESTS_UNIT_SYNC_PAYLOAD_FIXTURE_H

/**
 * @file
 * Random events of a log, and whether two are the same: what tests of reading
 * and writing payloads share. One seed gives one series.
 */

#include "base/arena.h"
#include "base/buf.h"
#include "base/time.h"
#include "rdf/xsd.h"
#include "sync/key.h"
#include "sync/number.h"
#include "sync/payload.h"
#include "tests/check.h"

#include <string.h>

#define DM_NS "https://w3id.org/demonitor#"

static const uint8_t fixture_log[DM_KEY_PUBLIC_BYTES] = {0xE7, 1, 2, 3};

struct dice {
    uint64_t state; ///< Not 0
};

static inline uint64_t
dice_roll(struct dice *dice, uint64_t below)
{
    dice->state ^= dice->state << 13U;
    dice->state ^= dice->state >> 7U;
    dice->state ^= dice->state << 17U;
    return (dice->state >> 11U) % below;
}

static inline struct dm_str
fixture_iri(void)
{
    static char iri[DM_KEY_IRI_SIZE];
    dm_key_iri(fixture_log, iri);
    return dm_str(iri);
}

static inline struct dm_str
fixture_copy(struct dm_arena *arena, struct dm_str text)
{
    const struct dm_str copy = dm_arena_copy(arena, text);
    CHECK(copy.data);
    return copy;
}

/// A text of `n` characters of all kinds
static inline struct dm_str
random_text(struct dice *dice, struct dm_arena *arena, size_t n)
{
    static const uint32_t points[] = {
        'a',    'z',     ' ',     '"',   '\\',    '\n',   '\r',   '\t',
        '\b',   '\f',    0x01,    0x07,  0x0B,    0x1F,   0x7F,   0x80,
        0x9F,   0xE9,    0x7FF,   0x800, 0x20AC,  0xD7FF, 0xE000, 0xFFFD,
        0xFFFE, 0xFFFF,  '\'',    '<',   '>',     '^',    '@',    '{',
        '`',    0x10000, 0x1F600, '%',   0x10FFFF};
    struct dm_buf buf;
    dm_buf_init(&buf, 4 * n);
    for (size_t i = 0; i < n; ++i) {
        char bytes[4];
        const size_t size =
            dm_utf8_encode(points[dice_roll(dice, DM_COUNT_OF(points))], bytes);
        CHECK_INT(dm_buf_put(&buf, bytes, size), DM_OK);
    }
    const struct dm_str text = fixture_copy(arena, dm_buf_str(&buf));
    dm_buf_done(&buf);
    return text;
}

/// A number as a store spells it
static inline void
random_value(struct dice *dice, struct dm_arena *arena,
             struct dm_payload_value *value)
{
    struct dm_buf buf;
    dm_buf_init(&buf, 64);
    uint64_t bits = dice_roll(dice, UINT64_MAX);
    if (dice_roll(dice, 2)) {
        const uint32_t scale =
            (uint32_t)dice_roll(dice, DM_DECIMAL_SCALE_MAX + 1);
        bits >>= dice_roll(dice, 64);
        const int64_t mantissa = (int64_t)(bits >> 1U);
        dm_decimal_format(
            dm_decimal_from_int64(bits & 1 ? -mantissa : mantissa, scale),
            &buf);
    } else {
        double number = 0;
        memcpy(&number, &bits, sizeof(number));
        dm_double_format(number, &buf);
        value->is_double = true;
    }
    CHECK(!buf.status);
    value->value = fixture_copy(arena, dm_buf_str(&buf));
    dm_buf_done(&buf);
}

/// The i-th of an event's values: labels differ
static inline void
random_metric(struct dice *dice, struct dm_arena *arena, size_t i,
              struct dm_payload_value *value)
{
    *value = (struct dm_payload_value){.is_double = false};
    random_value(dice, arena, value);
    char label[64];
    const size_t n = 1 + dice_roll(dice, 20);
    for (size_t k = 0; k < n; ++k) {
        label[k] = (char)(unsigned char)dice_roll(dice, 256);
    }
    label[0] = (char)('a' + (int)i);
    value->label = fixture_copy(arena, dm_str_n(label, n));
}

static inline struct dm_str
random_check(struct dice *dice)
{
    static const char *const checks[] = {
        "https://demonitor.internal/shop", "https://demonitor.internal/shop!",
        "https://demonitor.internal/sho", "urn:x:\xC3\xA9t\xC3\xA9", "a:"};
    return dm_str(checks[dice_roll(dice, DM_COUNT_OF(checks))]);
}

/// A further property, in the graph of the log; `event` is its subject.
static inline struct dm_quad
random_quad(struct dice *dice, struct dm_arena *arena, struct dm_str event,
            size_t i)
{
    static const char *const others[] = {DM_NS "other", DM_NS "unit",
                                         DM_NS "status", "http://a/b#c",
                                         "http://a/b#%zz"};
    struct dm_quad quad = {.s = dm_term_iri(event),
                           .p = dm_term_iri(dm_str(others[i])),
                           .g = dm_term_iri(fixture_iri())};
    switch (dice_roll(dice, 4)) {
    case 0:
        quad.o = dm_term_iri(dm_str("http://a/#b"));
        break;
    case 1:
        quad.o = dm_term_tagged(random_text(dice, arena, 9), dm_str("en-gb"),
                                DM_DIRECTION_RTL);
        break;
    case 2: {
        struct dm_triple *const triple =
            dm_arena_alloc(arena, 1, sizeof(*triple));
        CHECK(triple);
        triple->s = dm_term_iri(dm_str("http://a/#s"));
        triple->p = dm_term_iri(dm_str("http://a/#p"));
        triple->o = dm_term_string(random_text(dice, arena, 9));
        quad.o = dm_term_triple(triple);
        break;
    }
    default:
        quad.o = dm_term_literal(random_text(dice, arena, 5),
                                 dm_str("http://a/#type"));
        break;
    }
    return quad;
}

/// An event whose key is after `*last`, which becomes its key
static inline struct dm_payload_event
random_event(struct dice *dice, struct dm_arena *arena,
             struct dm_event_key *last)
{
    static const enum dm_result_status statuses[] = {
        DM_RESULT_OK,      DM_RESULT_WARNING, DM_RESULT_CRITICAL,
        DM_RESULT_UNKNOWN, DM_RESULT_STARTED, DM_RESULT_LOGGED};
    if (last->n == DM_EVENT_N_MAX || dice_roll(dice, 8) == 0) {
        last->ms += 1 + (int64_t)dice_roll(dice, 100000);
        last->n = 0;
    } else {
        ++last->n;
    }
    struct dm_payload_event event = {
        .key = *last,
        .check = random_check(dice),
        .has_status = true,
        .status = statuses[dice_roll(dice, DM_COUNT_OF(statuses))],
        .at_ms = last->ms - (int64_t)dice_roll(dice, 1000),
        .micros = DM_NO_MICROS,
        .certificate_expires_ms = DM_NO_TIME,
        .since_ms = DM_NO_TIME,
        .bad_since_ms = DM_NO_TIME,
    };
    if (dice_roll(dice, 2)) {
        event.micros =
            (int64_t)(dice_roll(dice, 1000000000000000) >> dice_roll(dice, 49));
    }
    if (dice_roll(dice, 3) == 0) {
        event.failure = dm_str(DM_NS "connection");
        event.message = random_text(dice, arena, dice_roll(dice, 500));
        event.certificate_expires_ms =
            (int64_t)dice_roll(dice, (uint64_t)DM_TIME_MAX_MS);
    }
    if (dice_roll(dice, 5) == 0) {
        event.output = random_text(dice, arena, dice_roll(dice, 2000));
        event.run_id = random_text(dice, arena, dice_roll(dice, 20));
    }
    event.n_values = dice_roll(dice, 4);
    struct dm_payload_value *const values =
        dm_arena_alloc(arena, event.n_values, sizeof(*values));
    CHECK(values);
    for (size_t i = 0; i < event.n_values; ++i) {
        random_metric(dice, arena, i, &values[i]);
    }
    event.values = values;
    event.n_quads = dice_roll(dice, 6) ? 0 : dice_roll(dice, 5);
    struct dm_quad *const quads =
        dm_arena_alloc(arena, event.n_quads, sizeof(*quads));
    struct dm_buf iri;
    dm_buf_init(&iri, 128);
    CHECK(quads);
    CHECK_INT(dm_buf_printf(&iri, "%s#%" PRId64 ".%u", fixture_iri().data,
                            last->ms, (unsigned)last->n),
              DM_OK);
    const struct dm_str name = fixture_copy(arena, dm_buf_str(&iri));
    dm_buf_done(&iri);
    for (size_t i = 0; i < event.n_quads; ++i) {
        quads[i] = random_quad(dice, arena, name, i);
    }
    event.quads = quads;
    return event;
}

static inline bool
has_value(const struct dm_payload_event *event,
          const struct dm_payload_value *value)
{
    struct dm_payload_number number;
    if (dm_payload_number(value->value, value->is_double, &number)) {
        return true; // It is not sent
    }
    for (size_t i = 0; i < event->n_values; ++i) {
        if (dm_str_equal(event->values[i].label, value->label)) {
            return dm_str_is(event->values[i].value, number.text) &&
                   event->values[i].is_double == number.is_double;
        }
    }
    return false;
}

static inline bool
has_quad(const struct dm_payload_event *event, const struct dm_quad *quad)
{
    for (size_t i = 0; i < event->n_quads; ++i) {
        if (dm_quad_equal(&event->quads[i], quad)) {
            return true;
        }
    }
    return false;
}

/// That `got` says what was `given`
static inline void
check_same_event(const struct dm_payload_event *got,
                 const struct dm_payload_event *given)
{
    CHECK_INT(got->key.ms, given->key.ms);
    CHECK_INT(got->key.n, given->key.n);
    CHECK(dm_str_equal(got->check, given->check));
    CHECK(got->has_status && got->status == given->status);
    CHECK_INT(got->at_ms, given->at_ms);
    CHECK_INT(got->micros, given->micros);
    CHECK(dm_str_equal(got->failure, given->failure));
    CHECK(dm_str_equal(got->message, given->message));
    CHECK(dm_str_equal(got->output, given->output));
    CHECK(dm_str_equal(got->run_id, given->run_id));
    CHECK_INT(got->certificate_expires_ms, given->certificate_expires_ms);
    CHECK(got->n_values <= given->n_values);
    for (size_t i = 0; i < given->n_values; ++i) {
        CHECK(has_value(got, &given->values[i]));
    }
    CHECK_INT((int64_t)got->n_quads, (int64_t)given->n_quads);
    for (size_t i = 0; i < given->n_quads; ++i) {
        CHECK(has_quad(got, &given->quads[i]));
    }
}

#endif // DM_TESTS_UNIT_SYNC_PAYLOAD_FIXTURE_H
