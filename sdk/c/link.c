/* One connected stream of frames: a length of four bytes, big endian, and one message. Knows nothing of what they mean. */
#define _GNU_SOURCE
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "internal.h"

enum { HEADER = 4, FIRST_SPACE = 4096 };

void bh_link_open(bh_link *link, int fd) {
  memset(link, 0, sizeof *link);
  link->fd = fd;
}

void bh_link_close(bh_link *link) {
  if (link->fd >= 0) close(link->fd);
  free(link->in);
  free(link->out);
  bh_link_open(link, -1);
}

/* Makes room for `needed` bytes in all. */
static bool reserve(uint8_t **buffer, size_t *capacity, size_t needed) {
  if (needed <= *capacity) return true;
  size_t larger = *capacity < FIRST_SPACE ? FIRST_SPACE : *capacity;
  while (larger < needed) larger *= 2;
  uint8_t *moved = realloc(*buffer, larger);
  if (!moved) return false;
  *buffer = moved;
  *capacity = larger;
  return true;
}

static uint32_t length_at(const uint8_t *header) {
  return (uint32_t)header[0] << 24 | (uint32_t)header[1] << 16 | (uint32_t)header[2] << 8 | header[3];
}

void bh_link_fill(bh_link *link) {
  if (link->broken) return;
  /* Room for the frame that has begun, whose length was judged when its header came; else for whatever comes. */
  size_t needed = link->in_length + FIRST_SPACE / 4;
  if (link->in_length >= HEADER) {
    size_t whole = HEADER + (size_t)length_at(link->in);
    if (whole > needed) needed = whole;
  }
  if (!reserve(&link->in, &link->in_capacity, needed)) {
    link->broken = true;
    return;
  }
  ssize_t got = recv(link->fd, link->in + link->in_length, link->in_capacity - link->in_length, MSG_DONTWAIT);
  if (got > 0) link->in_length += (size_t)got;
  else if (got == 0 || (errno != EAGAIN && errno != EWOULDBLOCK && errno != EINTR)) link->broken = true;
}

bool bh_link_next(bh_link *link, size_t *consumed, bh_reader *frame) {
  if (link->broken) return false;
  size_t left = link->in_length - *consumed;
  if (left >= HEADER) {
    uint32_t length = length_at(link->in + *consumed);
    if (length == 0 || length > BH_MAX_FRAME) {
      link->broken = true;
      return false;
    }
    if (left - HEADER >= length) {
      const uint8_t *body = link->in + *consumed + HEADER;
      if (!bh_is_message(body, length)) {
        link->broken = true;
        return false;
      }
      *frame = (bh_reader){body, body + length, false};
      *consumed += HEADER + (size_t)length;
      link->half_since_ms = 0;
      return true;
    }
  }
  if (left == 0) link->half_since_ms = 0;
  else if (link->half_since_ms == 0) link->half_since_ms = bh_now_ms();
  return false;
}

void bh_link_drop(bh_link *link, size_t consumed) {
  if (consumed == 0) return;
  link->in_length -= consumed;
  memmove(link->in, link->in + consumed, link->in_length);
  /* A frame of a mebibyte must not keep its mebibyte for ever. */
  if (link->in_length == 0 && link->in_capacity > 16 * FIRST_SPACE) {
    free(link->in);
    link->in = NULL;
    link->in_capacity = 0;
  }
}

size_t bh_link_queued(const bh_link *link) { return link->out_length - link->out_start; }

void bh_link_flush(bh_link *link) {
  while (!link->broken && link->fd >= 0 && link->out_start < link->out_length) {
    ssize_t sent = send(link->fd, link->out + link->out_start, link->out_length - link->out_start,
                        MSG_DONTWAIT | MSG_NOSIGNAL);
    if (sent > 0) link->out_start += (size_t)sent;
    else if (errno == EAGAIN || errno == EWOULDBLOCK) return;
    else if (errno != EINTR) link->broken = true;
  }
  if (link->out_start < link->out_length) return;
  link->out_start = link->out_length = 0;
  if (link->out_capacity > 16 * FIRST_SPACE) {
    free(link->out);
    link->out = NULL;
    link->out_capacity = 0;
  }
}

bool bh_link_send(bh_link *link, const bh_writer *head, const bh_writer *tail) {
  size_t body = head->length + (tail ? tail->length : 0);
  if (link->fd < 0 || link->broken || head->failed || (tail && tail->failed) || body > BH_MAX_FRAME) return false;
  if (link->out_start > 0) {
    memmove(link->out, link->out + link->out_start, link->out_length - link->out_start);
    link->out_length -= link->out_start;
    link->out_start = 0;
  }
  if (!reserve(&link->out, &link->out_capacity, link->out_length + HEADER + body)) return false;
  uint8_t *at = link->out + link->out_length;
  for (int i = 0; i < HEADER; i++) at[i] = (uint8_t)(body >> (8 * (HEADER - 1 - i)));
  memcpy(at + HEADER, head->bytes, head->length);
  if (tail) memcpy(at + HEADER + head->length, tail->bytes, tail->length);
  link->out_length += HEADER + body;
  bh_link_flush(link);
  return true;
}

void bh_link_check(bh_link *link, uint64_t now_ms, uint64_t *wake_ms) {
  if (link->fd < 0 || link->half_since_ms == 0) return;
  uint64_t by_ms = link->half_since_ms + BH_HALF_FRAME_MS;
  if (now_ms >= by_ms) link->broken = true;
  if (by_ms < *wake_ms) *wake_ms = by_ms;
}
