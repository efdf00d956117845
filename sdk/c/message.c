/* The messages of a channel (MessagePack-RPC, and those of streams) and the hello that both ends begin with. */
#define _GNU_SOURCE
#include <string.h>

#include "internal.h"

enum { MAX_NAME = 64, MAX_ERROR_TEXT = 2000 };

static bool parse_error(bh_reader *reader, bh_message *message) {
  if (bh_peek(reader) == BH_NIL) {
    bh_read_nil(reader);
    return true;
  }
  message->has_error = true;
  bool code = false, text = false;
  uint32_t members = bh_read_map(reader);
  for (uint32_t i = 0; i < members && !reader->failed; i++) {
    bh_text key = bh_read_text(reader);
    bh_text value = bh_read_text(reader);
    if (bh_text_is(key, "code")) {
      message->code = value;
      code = value.length <= MAX_NAME;
    } else if (bh_text_is(key, "message")) {
      message->message = value;
      /* Counted in bytes here, in UTF-16 units at the other end, which are never more. */
      text = value.length <= 3 * MAX_ERROR_TEXT;
    } else return false;
  }
  return code && text && members == 2;
}

/* Identifiers and credit: 32 bits, without a sign. */
static bool read_number(bh_reader *reader, uint32_t *number) {
  int64_t value = bh_read_int(reader);
  if (reader->failed || value < 0 || value > UINT32_MAX) return false;
  *number = (uint32_t)value;
  return true;
}

static bool read_name(bh_reader *reader, bh_text *name) {
  *name = bh_read_text(reader);
  return name->length > 0 && name->length <= MAX_NAME;
}

/* As protocol/src/ipc/frame.ts has them: what stands behind the kind, in this order. */
static const struct {
  uint32_t members;
  bool has_call, has_name, has_error, has_body, has_credit;
} forms[] = {
    {4, true, true, false, true, false},   /* request */
    {4, true, false, true, true, false},   /* response */
    {3, false, true, false, true, false},  /* notification */
    {5, true, true, false, true, true},    /* open */
    {3, true, false, false, true, false},  /* item */
    {3, true, false, false, false, true},  /* credit */
    {3, true, false, true, false, false},  /* end */
};

bool bh_parse(bh_reader frame, bh_message *message) {
  memset(message, 0, sizeof *message);
  message->size = (size_t)(frame.end - frame.at);
  uint32_t members = bh_read_array(&frame);
  if (bh_peek(&frame) != BH_INT) return false;
  int64_t kind = bh_read_int(&frame);
  if (kind < 0 || kind >= (int64_t)(sizeof forms / sizeof *forms) || members != forms[kind].members) return false;
  message->kind = (int)kind;
  if (forms[kind].has_call && !read_number(&frame, &message->call)) return false;
  if (forms[kind].has_name && !read_name(&frame, &message->name)) return false;
  if (forms[kind].has_error && !parse_error(&frame, message)) return false;
  if (forms[kind].has_body) message->body = bh_read_any(&frame);
  if (forms[kind].has_credit && !read_number(&frame, &message->credit)) return false;
  return !frame.failed;
}

void bh_write_failure(bh_writer *writer, const char *code, const char *text) {
  bh_write_map(writer, 2);
  bh_write_text(writer, "code");
  bh_write_text_of(writer, (bh_text){code, strnlen(code, MAX_NAME)});
  bh_write_text(writer, "message");
  bh_write_text_of(writer, (bh_text){text, strnlen(text, 500)});
}

void bh_write_hello(bh_writer *writer, const bh_interface *interface, const bh_component *component) {
  bh_write_map(writer, 5);
  bh_write_text(writer, "protocol");
  bh_write_int(writer, BH_PROTOCOL);
  bh_write_text(writer, "interface");
  bh_write_text(writer, interface->name);
  bh_write_text(writer, "digest");
  bh_write_text(writer, interface->digest);
  bh_write_text(writer, "component");
  bh_write_text(writer, component->name);
  bh_write_text(writer, "incarnation");
  bh_write_int(writer, component->incarnation);
}

enum bh_hello bh_read_hello(const bh_message *message, const bh_interface *interface, uint32_t *incarnation) {
  if (message->kind != 2 || !bh_text_is(message->name, "hello")) return BH_HELLO_INVALID;
  bh_reader body = message->body;
  int64_t protocol = -1, number = -1;
  bh_text name = {0}, digest = {0}, component = {0};
  uint32_t members = bh_read_map(&body);
  for (uint32_t i = 0; i < members && !body.failed; i++) {
    bh_text key = bh_read_text(&body);
    if (bh_text_is(key, "protocol")) protocol = bh_read_int(&body);
    else if (bh_text_is(key, "interface")) name = bh_read_text(&body);
    else if (bh_text_is(key, "digest")) digest = bh_read_text(&body);
    else if (bh_text_is(key, "component")) component = bh_read_text(&body);
    else if (bh_text_is(key, "incarnation")) number = bh_read_int(&body);
    else return BH_HELLO_INVALID;
  }
  bool whole = protocol >= 0 && number >= 0 && number <= UINT32_MAX && name.bytes && digest.bytes && component.bytes;
  if (body.failed || members != 5 || !whole) return BH_HELLO_INVALID;
  *incarnation = (uint32_t)number;
  bool same = protocol == BH_PROTOCOL && bh_text_is(name, interface->name) && bh_text_is(digest, interface->digest);
  return same ? BH_HELLO_OK : BH_HELLO_MISMATCH;
}

bool bh_send_notification(bh_link *link, const char *name, const bh_writer *body) {
  uint8_t space[2 + 6 + MAX_NAME];
  bh_writer head = bh_writer_over(space, sizeof space);
  bh_write_array(&head, 3);
  bh_write_int(&head, 2);
  bh_write_text(&head, name);
  if (!body) bh_write_map(&head, 0);
  return bh_link_send(link, &head, body);
}
