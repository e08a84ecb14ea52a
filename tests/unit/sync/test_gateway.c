// SPDX-License-Identifier: ISC

// What a trustless gateway answers: formats, headers, ranges, tags, and which
// blocks a CAR holds, in which order.

#include "sync/gateway.h"

#include "base/alloc.h"
#include "base/buf.h"
#include "sync/car.h"
#include "sync/cbor.h"
#include "sync/record.h"
#include "sync/shelf.h"
#include "tests/check.h"
#include "tests/unit/sync/steady.h"

#include <assert.h>
#include <string.h>

#define BUF_MAX (8U << 20U)
#define T0 INT64_C(1764000000000)
#define BLOCKS_MAX 1000U
// Bytes of MurmurHash3 of two names, as shards write them
#define FIRST_OF_1 "07"
#define SECOND_OF_1 "C1"
#define LONG_NAME "a-name-of-more-than-sixteen-bytes.txt"
#define FIRST_OF_LONG "98"
#define IDENTITY_HELLO "bafkqabtimvwgy3yk" // "hello\n"

static const uint8_t seed[DM_KEY_SEED_BYTES] = {9, 9};

// ---------------------------------------------------------------- small DAGs

// A CAR that is being made; the blocks' names are kept in order.
struct dag {
    struct dm_buf car;
    struct dm_any_cid cids[8];
    size_t n;
};

static void
put_varint(struct dm_buf *buf, uint64_t value)
{
    uint8_t bytes[DM_VARINT_MAX];
    (void)dm_buf_put(buf, bytes, dm_varint_write(value, bytes));
}

static void
make_cid(uint64_t codec, struct dm_str block, struct dm_any_cid *ret)
{
    uint8_t digest[DM_DIGEST_BYTES];
    struct dm_buf bytes;
    dm_buf_init(&bytes, DM_ANY_CID_MAX);
    dm_sha256(block, digest);
    put_varint(&bytes, 1);
    put_varint(&bytes, codec);
    put_varint(&bytes, DM_HASH_SHA2_256);
    put_varint(&bytes, DM_DIGEST_BYTES);
    (void)dm_buf_put(&bytes, digest, sizeof(digest));
    CHECK_INT((int64_t)dm_any_cid_read(dm_buf_str(&bytes), ret),
              (int64_t)bytes.n);
    dm_buf_done(&bytes);
}

static void
begin_dag(struct dag *dag)
{
    // Any root: a gateway looks at blocks alone
    const struct dm_cid root = dm_cid_of(DM_CODEC_RAW, dm_str("x"));
    dag->n = 0;
    dm_buf_init(&dag->car, BUF_MAX);
    CHECK_INT(dm_car_write_header(&root, 1, &dag->car), DM_OK);
}

// Add a block; gives its place
static size_t
put_block(struct dag *dag, uint64_t codec, struct dm_str block)
{
    CHECK(dag->n < DM_COUNT_OF(dag->cids));
    struct dm_any_cid *const cid = &dag->cids[dag->n];
    make_cid(codec, block, cid);
    put_varint(&dag->car, cid->n + block.n);
    (void)dm_buf_put(&dag->car, cid->bytes, cid->n);
    CHECK_INT(dm_buf_put_str(&dag->car, block), DM_OK);
    return dag->n++;
}

struct link {
    size_t to;
    const char *name;
};

// A block of dag-pb with links and data of UnixFS: a type, a fan-out or 0; of a
// file, type 2, every link is to `size` bytes
static size_t
put_pb_sized(struct dag *dag, const struct link *links, size_t n, unsigned type,
             unsigned fanout, unsigned size)
{
    struct dm_buf block;
    dm_buf_init(&block, BUF_MAX);
    for (size_t i = 0; i < n; ++i) {
        const struct dm_any_cid *const cid = &dag->cids[links[i].to];
        struct dm_buf link;
        dm_buf_init(&link, BUF_MAX);
        put_varint(&link, 1U << 3U | 2U);
        put_varint(&link, cid->n);
        (void)dm_buf_put(&link, cid->bytes, cid->n);
        put_varint(&link, 2U << 3U | 2U);
        put_varint(&link, strlen(links[i].name));
        (void)dm_buf_puts(&link, links[i].name);
        put_varint(&link, 3U << 3U);
        put_varint(&link, 1000);
        put_varint(&block, 2U << 3U | 2U);
        put_varint(&block, link.n);
        (void)dm_buf_put_str(&block, dm_buf_str(&link));
        dm_buf_done(&link);
    }
    struct dm_buf data;
    dm_buf_init(&data, BUF_MAX);
    put_varint(&data, 1U << 3U);
    put_varint(&data, type);
    for (size_t i = 0; i < n && size; ++i) {
        put_varint(&data, 4U << 3U);
        put_varint(&data, size);
    }
    if (fanout) {
        put_varint(&data, 6U << 3U);
        put_varint(&data, fanout);
    }
    put_varint(&block, 1U << 3U | 2U);
    put_varint(&block, data.n);
    (void)dm_buf_put_str(&block, dm_buf_str(&data));
    const size_t at = put_block(dag, DM_CODEC_DAG_PB, dm_buf_str(&block));
    dm_buf_done(&data);
    dm_buf_done(&block);
    return at;
}

static size_t
put_pb(struct dag *dag, const struct link *links, size_t n, unsigned type,
       unsigned fanout)
{
    return put_pb_sized(dag, links, n, type, fanout, 0);
}

static size_t
put_raw(struct dag *dag, const char *text)
{
    return put_block(dag, DM_CODEC_RAW, dm_str(text));
}

// The base16 text of a name
static const char *
text_of(const struct dm_any_cid *cid, char text[DM_ANY_CID_TEXT_MAX])
{
    int n = snprintf(text, 2, "f");
    for (size_t i = 0; i < cid->n; ++i) {
        n += snprintf(text + n, 3, "%02x", cid->bytes[i]);
    }
    return text;
}

// ------------------------------------------------------------------ answers

struct answer {
    struct dm_gateway *gateway;
    const struct dm_gateway_head *head;
    struct dm_buf body;
    enum dm_status end;
};

struct ask {
    const char *path;
    const char *query;
    const char *accept;
    const char *tag;
    const char *range;
    const char *control;
};

static struct dm_str
view(const char *text)
{
    return text ? dm_str(text) : dm_str("");
}

static void
get(struct dm_shelf *shelf, const struct ask *ask, struct answer *ret)
{
    const struct dm_gateway_request request = {.path = view(ask->path),
                                               .query = view(ask->query),
                                               .accept = view(ask->accept),
                                               .if_none_match = view(ask->tag),
                                               .range = view(ask->range),
                                               .cache_control =
                                                   view(ask->control)};
    const struct dm_gateway_source source = dm_shelf_source(shelf);
    CHECK_INT(dm_gateway_new(&request, &source, &ret->gateway), DM_OK);
    ret->head = dm_gateway_head(ret->gateway);
    dm_buf_init(&ret->body, BUF_MAX);
    do {
        ret->end = dm_gateway_next(ret->gateway, &ret->body);
    } while (!ret->end);
    CHECK(!ret->head->has_length || ret->head->length == ret->body.n);
}

static void
done(struct answer *answer)
{
    dm_gateway_free(answer->gateway);
    dm_buf_done(&answer->body);
}

static const char *
header(const struct answer *answer, const char *name)
{
    for (size_t i = 0; i < answer->head->n_headers; ++i) {
        if (strcmp(answer->head->headers[i].name, name) == 0) {
            return answer->head->headers[i].value;
        }
    }
    return "";
}

static void
check_status(struct dm_shelf *shelf, const struct ask *ask, unsigned status)
{
    struct answer answer;
    get(shelf, ask, &answer);
    CHECK_INT(answer.head->status, status);
    CHECK(!answer.head->problem[0] == (status < 400));
    CHECK(status < 400 || !answer.body.n);
    done(&answer);
}

// Whether the body is a CAR of exactly these blocks, in this order
static void
check_car(const struct answer *answer, const struct dag *dag,
          const size_t *want, size_t n)
{
    CHECK_INT(answer->head->status, 200);
    CHECK_INT(answer->end, DM_END);
    struct dm_str rest = dm_buf_str(&answer->body);
    uint64_t length = 0;
    size_t front = dm_varint_read(rest, &length);
    CHECK(front && length < rest.n);
    rest = dm_str_slice(rest, front + length, SIZE_MAX);
    for (size_t i = 0; i < n; ++i) {
        front = dm_varint_read(rest, &length);
        CHECK(front && length <= rest.n - front);
        const struct dm_str section = dm_str_slice(rest, front, length);
        const struct dm_any_cid *const cid = &dag->cids[want[i]];
        CHECK(
            dm_str_starts(section, dm_str_n((const char *)cid->bytes, cid->n)));
        CHECK_INT(
            dm_any_cid_check(cid, dm_str_slice(section, cid->n, SIZE_MAX)),
            DM_OK);
        rest = dm_str_slice(rest, front + length, SIZE_MAX);
    }
    CHECK_INT((int64_t)rest.n, 0);
}

static struct dm_shelf *
shelf_of(const struct dag *dag)
{
    struct dm_shelf *const shelf = dm_shelf_new(BLOCKS_MAX, 5);
    CHECK(shelf);
    struct dm_error error;
    const enum dm_status status =
        dm_shelf_add_car(shelf, dm_buf_str(&dag->car), &error);
    if (status) {
        (void)fprintf(stderr, "%s\n", error.what);
    }
    CHECK_INT(status, DM_OK);
    return shelf;
}

// ------------------------------------------------------------------- names

static void
names_are_read_in_every_base(void)
{
    static const struct {
        const char *text;
        uint64_t codec;
        bool is_good;
    } texts[] = {
        // "hello world", as three bases write it
        {"bafkreifzjut3te7nhyekklss27nh3k72ysco7y32koao5eei66wof36n5e",
         DM_CODEC_RAW, true},
        {"f01551220b94d27b9934d3e08a52e52d7da7dabfac484efe37a5380ee9088f7ace2ef"
         "cde9",
         DM_CODEC_RAW, true},
        {"QmY7Yh4UquoXHLPFo2XbhXkhBvFoPwmQUSa92pxnxjQuPU", DM_CODEC_DAG_PB,
         true},
        {"bafkqaaa", DM_CODEC_RAW, true},
        {IDENTITY_HELLO, DM_CODEC_RAW, true},
        {"bafkqaa", 0, false},
        {"BAFKQAAA", 0, false},
        {"bafkqaab", 0, false}, // Bits that are left over
        {"QmY7Yh4UquoXHLPFo2XbhXkhBvFoPwmQUSa92pxnxjQuP", 0, false},
        {"zb", 0, false},
        {"", 0, false},
        {"b", 0, false},
    };
    for (size_t i = 0; i < DM_COUNT_OF(texts); ++i) {
        struct dm_any_cid cid;
        CHECK(dm_any_cid_from_text(dm_str(texts[i].text), &cid) ==
              texts[i].is_good);
        CHECK(!texts[i].is_good || cid.codec == texts[i].codec);
    }

    // A key by each of its names
    struct dm_key *const key = dm_key_from_seed(seed);
    CHECK(key);
    char name[DM_KEY_NAME_SIZE];
    char peer[DM_KEY_PEER_ID_SIZE];
    uint8_t got[DM_KEY_PUBLIC_BYTES];
    dm_key_name(dm_key_public(key), name);
    dm_key_peer_id(dm_key_public(key), peer);
    CHECK(dm_any_key_from_name(dm_str(name), got));
    CHECK(memcmp(got, dm_key_public(key), sizeof(got)) == 0);
    memset(got, 0, sizeof(got));
    CHECK(dm_any_key_from_name(dm_str(peer), got));
    CHECK(memcmp(got, dm_key_public(key), sizeof(got)) == 0);
    CHECK(!dm_any_key_from_name(dm_str("12D3KooW"), got));
    CHECK(!dm_any_key_from_name(dm_str("bafkqaaa"), got));
    CHECK(dm_any_key_from_name(
        dm_str("bafzaajaiaejcbcui4poxicprsx6vfwznhs5f24wkm4e36hmucin7g5eiag2a63"
               "24"),
        got));
    dm_key_free(key);
}

// -------------------------------------------------------------------- blocks

static void
a_block_has_its_headers(void)
{
    struct dag dag;
    begin_dag(&dag);
    const size_t at = put_raw(&dag, "0123456789");
    struct dm_shelf *const shelf = shelf_of(&dag);
    char name[DM_ANY_CID_TEXT_MAX];
    char path[DM_ANY_CID_TEXT_MAX + 8];
    (void)snprintf(path, sizeof(path), "/ipfs/%s",
                   text_of(&dag.cids[at], name));
    struct answer answer;
    get(shelf, &(struct ask){.path = path, .query = "format=raw"}, &answer);
    CHECK_INT(answer.head->status, 200);
    CHECK(dm_str_is(dm_buf_str(&answer.body), "0123456789"));
    CHECK(!strcmp(header(&answer, "Content-Type"), "application/vnd.ipld.raw"));
    CHECK(!strcmp(header(&answer, "X-Content-Type-Options"), "nosniff"));
    CHECK(!strcmp(header(&answer, "Cache-Control"),
                  "public, max-age=29030400, immutable"));
    CHECK(!strcmp(header(&answer, "X-Ipfs-Path"), path));
    CHECK(!strcmp(header(&answer, "X-Ipfs-Roots"), name));
    CHECK(strstr(header(&answer, "Content-Disposition"), ".bin\""));
    char tag[DM_ANY_CID_TEXT_MAX + 16];
    (void)snprintf(tag, sizeof(tag), "%s", header(&answer, "Etag"));
    done(&answer);

    char tags[DM_ANY_CID_TEXT_MAX + 40];
    (void)snprintf(tags, sizeof(tags), "\"other\", W/%s", tag);
    const char *const raw = "application/vnd.ipld.raw";
    check_status(shelf, &(struct ask){.path = path, .accept = raw, .tag = tags},
                 304);
    check_status(shelf, &(struct ask){.path = path, .accept = raw, .tag = "*"},
                 304);
    check_status(shelf,
                 &(struct ask){.path = path, .accept = raw, .tag = "\"no\""},
                 200);

    get(shelf,
        &(struct ask){.path = path,
                      .accept = raw,
                      .query = "filename=a%22%0D%0Ab%D1%82.bin"},
        &answer);
    CHECK(!strcmp(header(&answer, "Content-Disposition"),
                  "attachment; filename=\"a___b_.bin\"; "
                  "filename*=UTF-8''a%22%0D%0Ab%D1%82.bin"));
    done(&answer);
    dm_shelf_free(shelf);
    dm_buf_done(&dag.car);
}

static void
a_range_is_one_or_all(void)
{
    struct dag dag;
    begin_dag(&dag);
    const size_t at = put_raw(&dag, "0123456789");
    struct dm_shelf *const shelf = shelf_of(&dag);
    char name[DM_ANY_CID_TEXT_MAX];
    char path[DM_ANY_CID_TEXT_MAX + 8];
    (void)snprintf(path, sizeof(path), "/ipfs/%s",
                   text_of(&dag.cids[at], name));
    static const struct {
        const char *range;
        unsigned status;
        const char *body;
        const char *content;
    } ranges[] = {
        {"bytes=2-4", 206, "234", "bytes 2-4/10"},
        {"bytes=7-", 206, "789", "bytes 7-9/10"},
        {"bytes=7-99", 206, "789", "bytes 7-9/10"},
        {"bytes=-3", 206, "789", "bytes 7-9/10"},
        {"bytes=-30", 206, "0123456789", "bytes 0-9/10"},
        {"bytes=10-", 416, "", "bytes */10"},
        {"bytes=-0", 416, "", "bytes */10"},
        {"bytes=0-1,4-5", 200, "0123456789", ""},
        {"bytes=4-2", 200, "0123456789", ""},
        {"bytes=", 200, "0123456789", ""},
        {"bytes=-", 200, "0123456789", ""},
        {"lines=1-2", 200, "0123456789", ""},
    };
    for (size_t i = 0; i < DM_COUNT_OF(ranges); ++i) {
        struct answer answer;
        get(shelf,
            &(struct ask){
                .path = path, .query = "format=raw", .range = ranges[i].range},
            &answer);
        CHECK_INT(answer.head->status, ranges[i].status);
        CHECK(dm_str_is(dm_buf_str(&answer.body), ranges[i].body));
        CHECK(!strcmp(header(&answer, "Content-Range"), ranges[i].content));
        done(&answer);
    }
    dm_shelf_free(shelf);
    dm_buf_done(&dag.car);
}

static void
what_is_asked_wrongly_is_refused(void)
{
    struct dag dag;
    begin_dag(&dag);
    struct dm_shelf *const shelf = shelf_of(&dag);
    static const char absent[] =
        "/ipfs/bafkreifzjut3te7nhyekklss27nh3k72ysco7y32koao5eei66wof36n5e";
    static const char path_below[] =
        "/ipfs/bafkreifzjut3te7nhyekklss27nh3k72ysco7y32koao5eei66wof36n5e/a";
    static const struct {
        struct ask ask;
        unsigned status;
    } asks[] = {
        {{.path = absent, .query = "format=raw"}, 404},
        {{.path = absent, .query = "format=car"}, 404},
        {{.path = absent, .query = "format=raw", .control = "only-if-cached"},
         412},
        {{.path = absent}, 400},
        {{.path = absent, .accept = "*/*"}, 400},
        {{.path = absent, .query = "format=tar"}, 406},
        {{.path = absent, .query = "format=ipns-record"}, 400},
        {{.path = path_below, .query = "format=raw"}, 400},
        {{.path = path_below, .query = "format=car"}, 404},
        {{.path = "/ipfs/nothing", .query = "format=raw"}, 400},
        {{.path = "/ipfs/", .query = "format=raw"}, 400},
        {{.path = "/other", .query = "format=raw"}, 404},
        {{.path = absent, .query = "format=car&car-version=2"}, 400},
        {{.path = absent, .query = "format=car&car-order=bfs"}, 400},
        {{.path = absent, .query = "format=car&car-dups=x"}, 400},
        {{.path = absent, .query = "format=car&dag-scope=x"}, 400},
        {{.path = absent, .query = "format=%zz"}, 400},
        {{.path = "/ipns/bafkqaaa", .query = "format=ipns-record"}, 400},
        {{.path = "/ipns/"
                  "k51qzi5uqu5djmw2yvf8kk5cdjc1ddc00o4d5sjwi6f79xzcay9j3gkddw5u"
                  "u4",
          .query = "format=ipns-record"},
         404},
        {{.path = "/ipns/"
                  "k51qzi5uqu5djmw2yvf8kk5cdjc1ddc00o4d5sjwi6f79xzcay9j3gkddw5u"
                  "u4",
          .query = "format=raw"},
         400},
        // The probe of who wants to know whether this is a gateway
        {{.path = "/ipfs/bafkqaaa", .query = "format=raw"}, 200},
        {{.path = "/ipfs/bafkqaaa/", .accept = "application/vnd.ipld.car"},
         200},
    };
    for (size_t i = 0; i < DM_COUNT_OF(asks); ++i) {
        check_status(shelf, &asks[i].ask, asks[i].status);
    }
    dm_shelf_free(shelf);
    dm_buf_done(&dag.car);
}

// What Accept chose has a URL of its own; what the URL says itself has none.
static void
what_is_negotiated_has_a_location(void)
{
    static const char path[] = "/ipfs/bafkqaaa";
    static const struct {
        struct ask ask;
        const char *location;
    } asks[] = {
        {{.path = path, .accept = "application/vnd.ipld.raw"},
         "/ipfs/bafkqaaa?format=raw"},
        {{.path = path,
          .accept = "application/vnd.ipld.car;dups=y",
          .query = "dag-scope=block"},
         "/ipfs/bafkqaaa?dag-scope=block&format=car&car-dups=y"},
        {{.path = path, .accept = "application/vnd.ipld.car"},
         "/ipfs/bafkqaaa?format=car&car-dups=n"},
        {{.path = path,
          .accept = "application/vnd.ipld.car",
          .query = "car-dups=y"},
         "/ipfs/bafkqaaa?car-dups=y&format=car"},
        {{.path = path,
          .accept = "application/vnd.ipld.raw",
          .query = "filename=\xC3\xA9"},
         ""},
        {{.path = path,
          .accept = "application/vnd.ipld.raw",
          .query = "format=raw"},
         ""},
        {{.path = path,
          .accept = "application/vnd.ipld.raw",
          .query = "format="},
         ""},
        {{.path = path, .accept = "application/vnd.ipld.raw", .tag = "*"},
         "/ipfs/bafkqaaa?format=raw"},
        {{.path = path, .accept = "text/html"}, ""},
    };
    struct dm_shelf *const shelf = dm_shelf_new(BLOCKS_MAX, 5);
    CHECK(shelf);
    for (size_t i = 0; i < DM_COUNT_OF(asks); ++i) {
        struct answer answer;
        get(shelf, &asks[i].ask, &answer);
        CHECK(!strcmp(header(&answer, "Content-Location"), asks[i].location));
        done(&answer);
    }
    dm_shelf_free(shelf);
}

// ---------------------------------------------------------------------- CARs

// root (directory) -> "a" file of two parts, "b" the same file, "c" raw
struct tree {
    struct dag dag;
    size_t part1;
    size_t part2;
    size_t file;
    size_t raw;
    size_t root;
};

static void
make_tree(struct tree *tree)
{
    begin_dag(&tree->dag);
    tree->part1 = put_raw(&tree->dag, "part one");
    tree->part2 = put_raw(&tree->dag, "part two");
    const struct link parts[] = {{tree->part1, ""}, {tree->part2, ""}};
    tree->file = put_pb(&tree->dag, parts, 2, 2, 0);
    tree->raw = put_raw(&tree->dag, "raw");
    const struct link entries[] = {
        {tree->file, "a"}, {tree->file, "b"}, {tree->raw, "c"}};
    tree->root = put_pb(&tree->dag, entries, 3, 1, 0);
}

static void
get_car(struct dm_shelf *shelf, const struct dm_any_cid *cid, const char *query,
        const char *accept, struct answer *ret)
{
    char name[DM_ANY_CID_TEXT_MAX];
    char path[DM_ANY_CID_TEXT_MAX + 8];
    (void)snprintf(path, sizeof(path), "/ipfs/%s", text_of(cid, name));
    get(shelf, &(struct ask){.path = path, .query = query, .accept = accept},
        ret);
}

static void
a_car_is_walked_depth_first(void)
{
    struct tree tree;
    make_tree(&tree);
    struct dm_shelf *const shelf = shelf_of(&tree.dag);
    const struct dm_any_cid *const root = &tree.dag.cids[tree.root];
    const struct dm_any_cid *const file = &tree.dag.cids[tree.file];
    const size_t once[] = {tree.root, tree.file, tree.part1, tree.part2,
                           tree.raw};
    const size_t twice[] = {tree.root, tree.file,  tree.part1, tree.part2,
                            tree.file, tree.part1, tree.part2, tree.raw};
    struct answer answer;
    get_car(shelf, root, "format=car", NULL, &answer);
    check_car(&answer, &tree.dag, once, DM_COUNT_OF(once));
    CHECK(!strcmp(header(&answer, "Content-Type"),
                  "application/vnd.ipld.car; version=1; order=dfs; dups=n"));
    CHECK(!strcmp(header(&answer, "Accept-Ranges"), "none"));
    CHECK(strstr(header(&answer, "Content-Disposition"), ".car\""));
    CHECK(header(&answer, "Etag")[0]);
    done(&answer);

    get_car(shelf, root, NULL,
            "application/vnd.ipld.car; version=1; order=unk; dups=y", &answer);
    check_car(&answer, &tree.dag, twice, DM_COUNT_OF(twice));
    CHECK(!strcmp(header(&answer, "Content-Type"),
                  "application/vnd.ipld.car; version=1; order=dfs; dups=y"));
    done(&answer);
    // What the URL says stands over Accept, which still says the rest
    get_car(shelf, root, "format=car&car-dups=n",
            "application/vnd.ipld.car;dups=y", &answer);
    check_car(&answer, &tree.dag, once, DM_COUNT_OF(once));
    done(&answer);
    get_car(shelf, root, "format=car",
            "application/vnd.ipld.raw, application/vnd.ipld.car;q=0.1;dups=y",
            &answer);
    check_car(&answer, &tree.dag, twice, DM_COUNT_OF(twice));
    done(&answer);

    get_car(shelf, root, "format=car&dag-scope=block", NULL, &answer);
    check_car(&answer, &tree.dag, once, 1);
    done(&answer);
    get_car(shelf, root, "format=car&dag-scope=entity", NULL, &answer);
    check_car(&answer, &tree.dag, once, 1); // A directory
    done(&answer);
    get_car(shelf, file, "format=car&dag-scope=entity", NULL, &answer);
    check_car(&answer, &tree.dag, once + 1, 3); // A whole file
    done(&answer);
    dm_shelf_free(shelf);
    dm_buf_done(&tree.dag.car);
}

static void
a_shard_is_an_entity_without_its_files(void)
{
    struct dag dag;
    begin_dag(&dag);
    const size_t leaf = put_raw(&dag, "leaf");
    const struct link names[] = {{leaf, "7Bname"}};
    const size_t lower = put_pb(&dag, names, 1, 5, 256);
    const struct link entries[] = {{lower, "0A"}, {leaf, "1Fother"}};
    const size_t root = put_pb(&dag, entries, 2, 5, 256);
    struct dm_shelf *const shelf = shelf_of(&dag);
    const size_t entity[] = {root, lower};
    const size_t all[] = {root, lower, leaf};
    struct answer answer;
    get_car(shelf, &dag.cids[root], "format=car&dag-scope=entity", NULL,
            &answer);
    check_car(&answer, &dag, entity, 2);
    done(&answer);
    get_car(shelf, &dag.cids[root], "format=car", NULL, &answer);
    check_car(&answer, &dag, all, 3);
    done(&answer);
    dm_shelf_free(shelf);
    dm_buf_done(&dag.car);
}

// What a path leads to comes after the blocks on it.
static void
a_path_is_followed(void)
{
    struct dag dag;
    begin_dag(&dag);
    const size_t leaf = put_raw(&dag, "leaf");
    const struct link plain[] = {{leaf, "name"}, {leaf, "a b"}};
    const size_t lower = put_pb(&dag, plain, 2, 1, 0);
    // {"list": [1, {"x": link to lower}]}
    struct dm_buf block;
    dm_buf_init(&block, BUF_MAX);
    (void)dm_buf_put(&block, "\xA2\x61z\x82\x01\x02\x64list\x82\x01\xA1\x61x",
                     16);
    (void)dm_buf_put(&block, "\xD8\x2A\x58\x25\0", 5);
    CHECK_INT(dm_buf_put(&block, dag.cids[lower].bytes, dag.cids[lower].n),
              DM_OK);
    const size_t document = put_block(&dag, DM_CODEC_CBOR, dm_buf_str(&block));
    const struct link entries[] = {{document, "doc"}};
    const size_t root = put_pb(&dag, entries, 1, 1, 0);
    struct dm_shelf *const shelf = shelf_of(&dag);
    const size_t way[] = {root, document, lower, leaf};
    static const struct {
        const char *path;
        size_t n; // Blocks; 0: there is no such thing
    } paths[] = {
        {"", 1},
        {"/", 1},
        {"/doc", 2},
        {"/doc/list", 2},
        {"/doc/list/1", 2},
        {"/doc/list/1/x", 3},
        {"/doc//list/1/x/name", 4},
        {"/doc/list/1/x/a%20b", 4},
        {"/doc/list/1/y", 0},
        {"/doc/list/2", 0},
        {"/doc/list/01", 0},
        {"/doc/other", 0},
        {"/docs", 0},
        {"/doc/list/1/x/name/more", 0},
    };
    for (size_t i = 0; i < DM_COUNT_OF(paths); ++i) {
        char name[DM_ANY_CID_TEXT_MAX];
        char path[DM_ANY_CID_TEXT_MAX + 64];
        (void)snprintf(path, sizeof(path), "/ipfs/%s%s",
                       text_of(&dag.cids[root], name), paths[i].path);
        struct answer answer;
        get(shelf,
            &(struct ask){.path = path, .query = "format=car&dag-scope=block"},
            &answer);
        CHECK_INT(answer.head->status, paths[i].n ? 200 : 404);
        if (paths[i].n) {
            check_car(&answer, &dag, way, paths[i].n);
            CHECK(!strcmp(header(&answer, "X-Ipfs-Path"), path));
        }
        done(&answer);
    }
    dm_shelf_free(shelf);
    dm_buf_done(&block);
    dm_buf_done(&dag.car);
}

// Names are found in a shard by their hash, in parts of it too.
static void
a_shard_is_searched_by_hash(void)
{
    struct dag dag;
    begin_dag(&dag);
    const size_t leaf = put_raw(&dag, "leaf");
    const struct link below[] = {{leaf, SECOND_OF_1 "1.txt"}};
    const size_t lower = put_pb(&dag, below, 1, 5, 256);
    const struct link entries[] = {{lower, FIRST_OF_1},
                                   {leaf, FIRST_OF_LONG LONG_NAME}};
    const size_t root = put_pb(&dag, entries, 2, 5, 256);
    struct dm_shelf *const shelf = shelf_of(&dag);
    const size_t one[] = {root, lower, leaf};
    const size_t other[] = {root, leaf};
    char name[DM_ANY_CID_TEXT_MAX];
    char path[DM_ANY_CID_TEXT_MAX + 128];
    struct answer answer;
    (void)snprintf(path, sizeof(path), "/ipfs/%s/1.txt",
                   text_of(&dag.cids[root], name));
    get(shelf, &(struct ask){.path = path, .query = "format=car"}, &answer);
    check_car(&answer, &dag, one, 3);
    done(&answer);
    (void)snprintf(path, sizeof(path), "/ipfs/%s/" LONG_NAME, name);
    get(shelf, &(struct ask){.path = path, .query = "format=car"}, &answer);
    check_car(&answer, &dag, other, 2);
    done(&answer);
    (void)snprintf(path, sizeof(path), "/ipfs/%s/2.txt", name);
    check_status(shelf, &(struct ask){.path = path, .query = "format=car"},
                 404);
    dm_shelf_free(shelf);
    dm_buf_done(&dag.car);
}

// Of a file of four parts of ten bytes, what holds the bytes asked for
static void
a_part_of_a_file_is_what_holds_its_bytes(void)
{
    struct dag dag;
    begin_dag(&dag);
    const size_t a = put_raw(&dag, "0123456789");
    const size_t b = put_raw(&dag, "abcdefghij");
    const struct link pair[] = {{a, ""}, {b, ""}};
    const size_t half = put_pb_sized(&dag, pair, 2, 2, 0, 10);
    const struct link both[] = {{half, ""}, {half, ""}}; // The same twice
    const size_t file = put_pb_sized(&dag, both, 2, 2, 0, 20);
    struct dm_shelf *const shelf = shelf_of(&dag);
    const size_t all[] = {file, half, a, b};
    const size_t only_b[] = {file, half, b};
    const size_t crossed[] = {file, half, b, a}; // The end, then the begin
    static const char start[] = "format=car&entity-bytes=";
    const struct {
        const char *bytes;
        const size_t *want;
        size_t n;
    } parts[] = {
        {"0:*", all, 4},
        {"0:9", all, 3},
        {"10:19", only_b, 3},
        {"12:25", crossed, 4},
        {"-1:*", only_b, 3},
        {"-99:-31", all, 3},
        {"40:*", all, 1},
        {"7:3", all, 1},
        {"-99:-98", all, 1},
        {"19:-21", only_b, 3},
        {"30:9999", only_b, 3},
        {"12:19&dag-scope=all", all, 4}, // It is all that is asked for
        {"12:19&dag-scope=block", all, 1},
        {"12:19&dag-scope=entity", only_b, 3},
    };
    for (size_t i = 0; i < DM_COUNT_OF(parts); ++i) {
        char query[128];
        (void)snprintf(query, sizeof(query), "%s%s", start, parts[i].bytes);
        struct answer answer;
        get_car(shelf, &dag.cids[file], query, NULL, &answer);
        check_car(&answer, &dag, parts[i].want, parts[i].n);
        done(&answer);
    }
    char name[DM_ANY_CID_TEXT_MAX];
    char path[DM_ANY_CID_TEXT_MAX + 8];
    (void)snprintf(path, sizeof(path), "/ipfs/%s",
                   text_of(&dag.cids[file], name));
    static const char *const wrong[] = {"1", "*:1", "1:", ":1", "1:x", "+1:2"};
    for (size_t i = 0; i < DM_COUNT_OF(wrong); ++i) {
        char query[128];
        (void)snprintf(query, sizeof(query), "%s%s", start, wrong[i]);
        check_status(shelf, &(struct ask){.path = path, .query = query}, 400);
    }
    dm_shelf_free(shelf);
    dm_buf_done(&dag.car);
}

static void
links_of_cbor_are_followed_and_identity_is_not_sent(void)
{
    struct dag dag;
    begin_dag(&dag);
    const size_t leaf = put_raw(&dag, "leaf");
    // {"a": [1.5, link to leaf], "b": link to an identity}
    struct dm_any_cid identity;
    CHECK(dm_any_cid_from_text(dm_str(IDENTITY_HELLO), &identity));
    struct dm_buf block;
    dm_buf_init(&block, BUF_MAX);
    dm_cbor_put_map(&block, 2);
    dm_cbor_put_text(&block, dm_str("a"));
    dm_cbor_put_array(&block, 2);
    (void)dm_buf_put(&block, "\xFB\x3F\xF8\0\0\0\0\0\0", 9);
    (void)dm_buf_put(&block, "\xD8\x2A\x58\x25\0", 5);
    (void)dm_buf_put(&block, dag.cids[leaf].bytes, dag.cids[leaf].n);
    dm_cbor_put_text(&block, dm_str("b"));
    (void)dm_buf_put(&block, "\xD8\x2A\x4B\0", 4);
    CHECK_INT((int64_t)identity.n, 10);
    CHECK_INT(dm_buf_put(&block, identity.bytes, identity.n), DM_OK);
    const size_t root = put_block(&dag, DM_CODEC_CBOR, dm_buf_str(&block));
    struct dm_shelf *const shelf = shelf_of(&dag);
    const size_t all[] = {root, leaf};
    struct answer answer;
    get_car(shelf, &dag.cids[root], "format=car&car-dups=y", NULL, &answer);
    check_car(&answer, &dag, all, 2);
    done(&answer);
    get_car(shelf, &dag.cids[root], "format=car&dag-scope=entity", NULL,
            &answer);
    check_car(&answer, &dag, all, 1);
    done(&answer);
    get_car(shelf, &identity, "format=car", NULL, &answer);
    check_car(&answer, &dag, all, 0);
    done(&answer);
    get_car(shelf, &identity, "format=raw", NULL, &answer);
    CHECK(dm_str_is(dm_buf_str(&answer.body), "hello\n"));
    done(&answer);
    dm_shelf_free(shelf);
    dm_buf_done(&block);
    dm_buf_done(&dag.car);
}

static void
a_missing_block_cuts_the_body(void)
{
    struct tree tree;
    make_tree(&tree);
    struct dag part;
    begin_dag(&part);
    const struct link parts[] = {{0, ""}, {1, ""}};
    (void)put_raw(&part, "part one");
    (void)put_raw(&part, "never put");
    part.n = 2;
    (void)put_pb(&part, parts, 2, 2, 0);
    // The same CAR without its second block
    struct dag cut;
    begin_dag(&cut);
    (void)put_raw(&cut, "part one");
    cut.n = 2;
    cut.cids[1] = part.cids[1];
    (void)put_pb(&cut, parts, 2, 2, 0);
    struct dm_shelf *const shelf = shelf_of(&cut);
    struct answer answer;
    get_car(shelf, &part.cids[2], "format=car", NULL, &answer);
    CHECK_INT(answer.head->status, 200);
    CHECK(!answer.head->has_length);
    CHECK_INT(answer.end, DM_ERR_NOT_FOUND);
    done(&answer);
    dm_shelf_free(shelf);
    dm_buf_done(&cut.car);
    dm_buf_done(&part.car);
    dm_buf_done(&tree.dag.car);
}

// A log's Head gives what dm_car_write_block() made of the same blocks.
static void
a_log_is_served_whole(void)
{
    struct steady *const steady = steady_new(seed, T0);
    steady_write(steady, 200);
    const struct dm_cid head = steady_head(steady, 1);
    struct dm_buf car;
    dm_buf_init(&car, BUF_MAX);
    steady_car(steady, &head, &car);
    struct dm_buf record;
    dm_buf_init(&record, DM_RECORD_MAX);
    steady_record(steady, &head, 0, &record);
    char name[DM_KEY_NAME_SIZE];
    dm_key_name(steady_log(steady), name);

    struct dm_shelf *const shelf = dm_shelf_new(BLOCKS_MAX, 5);
    CHECK(shelf);
    CHECK_INT(dm_shelf_add_car(shelf, dm_buf_str(&car), NULL), DM_OK);
    CHECK_INT(
        dm_shelf_add_record(shelf, dm_str(name), dm_buf_str(&record), NULL),
        DM_OK);
    CHECK_INT((int64_t)dm_shelf_records(shelf), 1);
    CHECK_INT((int64_t)dm_shelf_skipped(shelf), 0);
    struct answer answer;
    struct dm_any_cid root;
    dm_any_cid_of(&head, &root);
    get_car(shelf, &root, "format=car", NULL, &answer);
    CHECK_INT(answer.end, DM_END);
    CHECK(dm_str_equal(dm_buf_str(&answer.body), dm_buf_str(&car)));
    done(&answer);

    char path[DM_KEY_NAME_SIZE + 8];
    (void)snprintf(path, sizeof(path), "/ipns/%s", name);
    get(shelf,
        &(struct ask){.path = path,
                      .accept = "application/vnd.ipfs.ipns-record"},
        &answer);
    CHECK_INT(answer.head->status, 200);
    CHECK(dm_str_equal(dm_buf_str(&answer.body), dm_buf_str(&record)));
    CHECK(!strcmp(header(&answer, "Content-Type"),
                  "application/vnd.ipfs.ipns-record"));
    CHECK(!strcmp(header(&answer, "Cache-Control"), "public, max-age=60"));
    char location[DM_KEY_NAME_SIZE + 32];
    (void)snprintf(location, sizeof(location), "%s?format=ipns-record", path);
    CHECK(!strcmp(header(&answer, "Content-Location"), location));
    CHECK(strstr(header(&answer, "Content-Disposition"), ".ipns-record\""));
    done(&answer);

    // A record that was changed, or is another's, is not taken
    record.data[record.n - 1] ^= 1;
    CHECK_INT(
        dm_shelf_add_record(shelf, dm_str(name), dm_buf_str(&record), NULL),
        DM_ERR_CORRUPT);
    CHECK_INT(
        dm_shelf_add_record(shelf, dm_str("k51"), dm_buf_str(&record), NULL),
        DM_ERR_ARGUMENT);
    // Nor is a CAR in which a bit was flipped
    car.data[car.n - 1] ^= 1;
    CHECK_INT(dm_shelf_add_car(shelf, dm_buf_str(&car), NULL), DM_ERR_CORRUPT);
    for (size_t n = 0; n < 60; ++n) {
        CHECK_INT(
            dm_shelf_add_car(shelf, dm_str_slice(dm_buf_str(&car), 0, n), NULL),
            n == 59 ? DM_OK : DM_ERR_CORRUPT);
    }
    dm_shelf_free(shelf);
    dm_buf_done(&record);
    dm_buf_done(&car);
    steady_free(steady);
}

// Fields of V1 that a record holds too, in any order
static void
put_v1(struct dm_buf *record, struct dm_str value, struct dm_str validity,
       uint64_t sequence, uint64_t ttl_ns)
{
    put_varint(record, 1U << 3U | 2U);
    put_varint(record, value.n);
    (void)dm_buf_put_str(record, value);
    put_varint(record, 4U << 3U | 2U);
    put_varint(record, validity.n);
    (void)dm_buf_put_str(record, validity);
    put_varint(record, 5U << 3U);
    put_varint(record, sequence);
    put_varint(record, 6U << 3U);
    put_varint(record, ttl_ns);
    CHECK_INT(record->status, DM_OK);
}

// What V1 says is what V2 signs, or the record is not good.
static void
a_record_says_the_same_twice(void)
{
    struct dm_key *const key = dm_key_from_seed(seed);
    CHECK(key);
    const struct dm_cid head = dm_cid_of(DM_CODEC_CBOR, dm_str("a head"));
    char value[8 + DM_CID_TEXT_SIZE] = "/ipfs/";
    dm_cid_text(&head, value + strlen(value));
    const struct dm_str validity = DM_STR("2025-11-24T16:00:00.000000000Z");
    const struct {
        const char *value;
        struct dm_str validity;
        uint64_t sequence;
        uint64_t ttl_ns;
        enum dm_status status;
    } records[] = {
        {value, validity, 3U << 16U | 1U, DM_RECORD_TTL_NS, DM_OK},
        {"/ipfs/bafkqaaa", validity, 3U << 16U | 1U, DM_RECORD_TTL_NS,
         DM_ERR_CORRUPT},
        {value, dm_str("2125-11-24T16:00:00Z"), 3U << 16U | 1U,
         DM_RECORD_TTL_NS, DM_ERR_CORRUPT},
        {value, validity, 4U << 16U, DM_RECORD_TTL_NS, DM_ERR_CORRUPT},
        {value, validity, 3U << 16U | 1U, 1, DM_ERR_CORRUPT},
        // V1 is not there: what is in its fields means nothing
        {"", dm_str(""), 1, 1, DM_OK},
    };
    char name[DM_KEY_NAME_SIZE];
    dm_key_name(dm_key_public(key), name);
    for (size_t i = 0; i < DM_COUNT_OF(records); ++i) {
        struct dm_shelf *const shelf = dm_shelf_new(BLOCKS_MAX, 5);
        CHECK(shelf);
        struct dm_buf record;
        dm_buf_init(&record, DM_RECORD_MAX);
        CHECK_INT(dm_record_write(key, &head, 3, 1, T0, &record), DM_OK);
        put_v1(&record, dm_str(records[i].value), records[i].validity,
               records[i].sequence, records[i].ttl_ns);
        CHECK_INT(
            dm_shelf_add_record(shelf, dm_str(name), dm_buf_str(&record), NULL),
            records[i].status);
        dm_buf_done(&record);
        dm_shelf_free(shelf);
    }
    dm_key_free(key);
}

// -------------------------------------------------------------------- memory

static enum dm_status
serve(struct dm_shelf *shelf, const char *path)
{
    const struct dm_gateway_request request = {
        .path = dm_str(path),
        .query = dm_str("format=car&filename=%D1%82"),
        .accept = dm_str(""),
        .if_none_match = dm_str(""),
        .range = dm_str(""),
        .cache_control = dm_str("")};
    const struct dm_gateway_source source = dm_shelf_source(shelf);
    struct dm_gateway *gateway = NULL;
    enum dm_status status = dm_gateway_new(&request, &source, &gateway);
    if (status) {
        return status;
    }
    assert(gateway);
    struct dm_buf body;
    dm_buf_init(&body, BUF_MAX);
    do {
        status = dm_gateway_next(gateway, &body);
    } while (!status);
    dm_buf_done(&body);
    dm_gateway_free(gateway);
    return status;
}

static void
memory_that_is_out_is_said(void)
{
    struct tree tree;
    make_tree(&tree);
    struct dm_shelf *const shelf = shelf_of(&tree.dag);
    char name[DM_ANY_CID_TEXT_MAX];
    char path[DM_ANY_CID_TEXT_MAX + 8];
    (void)snprintf(path, sizeof(path), "/ipfs/%s",
                   text_of(&tree.dag.cids[tree.root], name));
    const size_t before = dm_alloc_count();
    CHECK_INT(serve(shelf, path), DM_END);
    const size_t all = dm_alloc_count() - before;
    CHECK(all > 8);
    for (size_t n = 0; n < all; ++n) {
        dm_alloc_fail_after(n);
        const enum dm_status status = serve(shelf, path);
        dm_alloc_fail_after(DM_ALLOC_NEVER_FAIL);
        CHECK_INT(status, DM_ERR_NO_MEMORY);
    }
    dm_shelf_free(shelf);
    dm_buf_done(&tree.dag.car);
}

int
main(void)
{
    names_are_read_in_every_base();
    a_block_has_its_headers();
    a_range_is_one_or_all();
    what_is_asked_wrongly_is_refused();
    what_is_negotiated_has_a_location();
    a_car_is_walked_depth_first();
    a_shard_is_an_entity_without_its_files();
    a_path_is_followed();
    a_shard_is_searched_by_hash();
    a_part_of_a_file_is_what_holds_its_bytes();
    links_of_cbor_are_followed_and_identity_is_not_sent();
    a_missing_block_cuts_the_body();
    a_log_is_served_whole();
    a_record_says_the_same_twice();
    memory_that_is_out_is_said();
    dm_gateway_free(NULL);
    dm_shelf_free(NULL);
    return 0;
}
