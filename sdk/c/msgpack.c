/* MessagePack values: reading and writing, each step within its bounds. Source of the format: msgpack/spec.md, "Formats". */
#include <string.h>

#include "bulkhead.h"

enum { MAX_DEPTH = 64 };

/* What a lead byte announces: `width` bytes of size (or `fixed`), then that many bytes, values, or pairs of values. */
typedef struct {
  enum bh_type type;
  uint8_t width;
  uint8_t fixed;
} form;

static form form_of(uint8_t lead) {
  if (lead <= 0x7f || lead >= 0xe0) return (form){BH_INT, 0, 0};
  if (lead <= 0x8f) return (form){BH_MAP, 0, lead & 0x0f};
  if (lead <= 0x9f) return (form){BH_ARRAY, 0, lead & 0x0f};
  if (lead <= 0xbf) return (form){BH_TEXT, 0, lead & 0x1f};
  switch (lead) {
    case 0xc0: return (form){BH_NIL, 0, 0};
    case 0xc2: case 0xc3: return (form){BH_BOOL, 0, 0};
    case 0xc4: return (form){BH_BYTES, 1, 0};
    case 0xc5: return (form){BH_BYTES, 2, 0};
    case 0xc6: return (form){BH_BYTES, 4, 0};
    case 0xca: return (form){BH_NUMBER, 0, 4};
    case 0xcb: return (form){BH_NUMBER, 0, 8};
    case 0xcc: case 0xd0: return (form){BH_INT, 0, 1};
    case 0xcd: case 0xd1: return (form){BH_INT, 0, 2};
    case 0xce: case 0xd2: return (form){BH_INT, 0, 4};
    case 0xcf: case 0xd3: return (form){BH_INT, 0, 8};
    case 0xd9: return (form){BH_TEXT, 1, 0};
    case 0xda: return (form){BH_TEXT, 2, 0};
    case 0xdb: return (form){BH_TEXT, 4, 0};
    case 0xdc: return (form){BH_ARRAY, 2, 0};
    case 0xdd: return (form){BH_ARRAY, 4, 0};
    case 0xde: return (form){BH_MAP, 2, 0};
    case 0xdf: return (form){BH_MAP, 4, 0};
    /* 0xc1 is never used, and extension types mean nothing on a channel. */
    default: return (form){BH_NONE, 0, 0};
  }
}

static uint64_t big_endian(const uint8_t *bytes, size_t width) {
  uint64_t value = 0;
  for (size_t i = 0; i < width; i++) value = value << 8 | bytes[i];
  return value;
}

static bool fail(bh_reader *reader) {
  reader->failed = true;
  reader->at = reader->end;
  return false;
}

/* Reads a lead byte and its size; for values that are bytes, those bytes must be there. */
static bool take(bh_reader *reader, uint8_t *lead, form *what, uint64_t *size) {
  if (reader->at >= reader->end) return fail(reader);
  *lead = *reader->at++;
  *what = form_of(*lead);
  if (what->type == BH_NONE || (size_t)(reader->end - reader->at) < what->width) return fail(reader);
  *size = what->width == 0 ? what->fixed : big_endian(reader->at, what->width);
  reader->at += what->width;
  if (*size > (uint64_t)(reader->end - reader->at)) return fail(reader);
  return true;
}

static const uint8_t *take_as(bh_reader *reader, enum bh_type type, uint8_t *lead, uint64_t *size) {
  form what;
  if (!take(reader, lead, &what, size)) return NULL;
  if (what.type != type) {
    fail(reader);
    return NULL;
  }
  const uint8_t *start = reader->at;
  if (type != BH_ARRAY && type != BH_MAP) reader->at += *size;
  return start;
}

enum bh_type bh_peek(const bh_reader *reader) {
  return reader->at < reader->end ? form_of(*reader->at).type : BH_NONE;
}

void bh_read_nil(bh_reader *reader) {
  uint8_t lead;
  uint64_t size;
  take_as(reader, BH_NIL, &lead, &size);
}

bool bh_read_bool(bh_reader *reader) {
  uint8_t lead;
  uint64_t size;
  return take_as(reader, BH_BOOL, &lead, &size) && lead == 0xc3;
}

static int64_t sign_extend(uint64_t value, uint64_t width) {
  uint64_t sign = 1ULL << (8 * width - 1);
  return (int64_t)((value ^ sign) - sign);
}

int64_t bh_read_int(bh_reader *reader) {
  uint8_t lead;
  uint64_t size;
  const uint8_t *start = take_as(reader, BH_INT, &lead, &size);
  if (!start) return 0;
  if (lead <= 0x7f) return lead;
  if (lead >= 0xe0) return (int8_t)lead;
  uint64_t value = big_endian(start, size);
  if (lead >= 0xd0) return sign_extend(value, size);
  if (value > INT64_MAX) fail(reader);
  return value > INT64_MAX ? 0 : (int64_t)value;
}

double bh_read_number(bh_reader *reader) {
  if (bh_peek(reader) == BH_INT) return (double)bh_read_int(reader);
  uint8_t lead;
  uint64_t size;
  const uint8_t *start = take_as(reader, BH_NUMBER, &lead, &size);
  if (!start) return 0;
  uint64_t bits = big_endian(start, size);
  if (size == 4) {
    uint32_t half = (uint32_t)bits;
    float value;
    memcpy(&value, &half, sizeof value);
    return (double)value;
  }
  double value;
  memcpy(&value, &bits, sizeof value);
  return value;
}

bh_text bh_read_text(bh_reader *reader) {
  uint8_t lead;
  uint64_t size;
  const uint8_t *start = take_as(reader, BH_TEXT, &lead, &size);
  return start ? (bh_text){(const char *)start, size} : (bh_text){"", 0};
}

bh_bytes bh_read_bytes(bh_reader *reader) {
  uint8_t lead;
  uint64_t size;
  const uint8_t *start = take_as(reader, BH_BYTES, &lead, &size);
  return start ? (bh_bytes){start, size} : (bh_bytes){(const uint8_t *)"", 0};
}

uint32_t bh_read_array(bh_reader *reader) {
  uint8_t lead;
  uint64_t size;
  return take_as(reader, BH_ARRAY, &lead, &size) ? (uint32_t)size : 0;
}

uint32_t bh_read_map(bh_reader *reader) {
  uint8_t lead;
  uint64_t size;
  return take_as(reader, BH_MAP, &lead, &size) ? (uint32_t)size : 0;
}

/* Skips one value without recursion: a peer decides how deep it is. False where it is none. */
static bool skip(bh_reader *reader) {
  uint64_t missing[MAX_DEPTH + 1] = {1};
  size_t announced_limit = (size_t)(reader->end - reader->at);
  uint64_t announced = 1;
  int depth = 0;
  while (depth >= 0) {
    if (missing[depth] == 0) {
      depth--;
      continue;
    }
    missing[depth]--;
    uint8_t lead;
    form what;
    uint64_t size;
    if (!take(reader, &lead, &what, &size)) return false;
    if (what.type != BH_ARRAY && what.type != BH_MAP) {
      reader->at += size;
      continue;
    }
    uint64_t values = what.type == BH_MAP ? 2 * size : size;
    /* Every announced value needs a byte of its own, so what a reader does is bounded by what was sent. */
    announced += values;
    if (announced > announced_limit || (values > 0 && depth == MAX_DEPTH)) return fail(reader);
    if (values > 0) missing[++depth] = values;
  }
  return true;
}

bh_reader bh_read_any(bh_reader *reader) {
  const uint8_t *start = reader->at;
  if (!skip(reader)) return (bh_reader){reader->end, reader->end, true};
  return (bh_reader){start, reader->at, false};
}

bool bh_is_message(const uint8_t *bytes, size_t length) {
  bh_reader reader = {bytes, bytes + length, false};
  return skip(&reader) && reader.at == reader.end;
}

bool bh_text_is(bh_text text, const char *expected) {
  return strlen(expected) == text.length && memcmp(text.bytes, expected, text.length) == 0;
}

bh_writer bh_writer_over(uint8_t *space, size_t capacity) {
  return (bh_writer){space, 0, capacity, false};
}

void bh_write_raw(bh_writer *writer, const uint8_t *bytes, size_t length) {
  if (writer->failed || length > writer->capacity - writer->length) {
    writer->failed = true;
    return;
  }
  if (length > 0) memcpy(writer->bytes + writer->length, bytes, length);
  writer->length += length;
}

/* A lead byte and `width` bytes of `value`, big endian. */
static void put(bh_writer *writer, uint8_t lead, uint64_t value, size_t width) {
  uint8_t bytes[9] = {lead};
  for (size_t i = 0; i < width; i++) bytes[1 + i] = (uint8_t)(value >> (8 * (width - 1 - i)));
  bh_write_raw(writer, bytes, 1 + width);
}

void bh_write_nil(bh_writer *writer) { put(writer, 0xc0, 0, 0); }
void bh_write_bool(bh_writer *writer, bool value) { put(writer, value ? 0xc3 : 0xc2, 0, 0); }

void bh_write_int(bh_writer *writer, int64_t value) {
  uint64_t bits = (uint64_t)value;
  if (value >= -32 && value <= 127) put(writer, (uint8_t)bits, 0, 0);
  else if (value >= INT8_MIN && value < 0) put(writer, 0xd0, bits, 1);
  else if (value >= INT16_MIN && value < 0) put(writer, 0xd1, bits, 2);
  else if (value >= INT32_MIN && value < 0) put(writer, 0xd2, bits, 4);
  else if (value < 0) put(writer, 0xd3, bits, 8);
  else if (value <= UINT8_MAX) put(writer, 0xcc, bits, 1);
  else if (value <= UINT16_MAX) put(writer, 0xcd, bits, 2);
  else if (value <= UINT32_MAX) put(writer, 0xce, bits, 4);
  else put(writer, 0xcf, bits, 8);
}

void bh_write_number(bh_writer *writer, double value) {
  uint64_t bits;
  memcpy(&bits, &value, sizeof bits);
  put(writer, 0xcb, bits, 8);
}

/* The shortest of the three forms with 1, 2 or 4 bytes of size. */
static void put_size(bh_writer *writer, uint8_t one, uint8_t two, uint8_t four, uint64_t size) {
  if (one != 0 && size <= UINT8_MAX) put(writer, one, size, 1);
  else if (size <= UINT16_MAX) put(writer, two, size, 2);
  else put(writer, four, size, 4);
}

void bh_write_text_of(bh_writer *writer, bh_text text) {
  if (text.length < 32) put(writer, (uint8_t)(0xa0 | text.length), 0, 0);
  else put_size(writer, 0xd9, 0xda, 0xdb, text.length);
  bh_write_raw(writer, (const uint8_t *)text.bytes, text.length);
}

void bh_write_text(bh_writer *writer, const char *text) { bh_write_text_of(writer, (bh_text){text, strlen(text)}); }

void bh_write_bytes(bh_writer *writer, const uint8_t *bytes, size_t length) {
  put_size(writer, 0xc4, 0xc5, 0xc6, length);
  bh_write_raw(writer, bytes, length);
}

void bh_write_array(bh_writer *writer, uint32_t count) {
  if (count < 16) put(writer, (uint8_t)(0x90 | count), 0, 0);
  else put_size(writer, 0, 0xdc, 0xdd, count);
}

void bh_write_map(bh_writer *writer, uint32_t count) {
  if (count < 16) put(writer, (uint8_t)(0x80 | count), 0, 0);
  else put_size(writer, 0, 0xde, 0xdf, count);
}
