/*
 * The memory that the two ends of a channel share: a file that is read and written, never mapped, so that a peer who cuts it
 * off makes a read short and nothing worse (docs/decisions/0013). The client alone gives out pieces of it, in whole pages.
 */
#define _GNU_SOURCE
#define _FILE_OFFSET_BITS 64
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "internal.h"

/* Pieces of different calls share no page, so what one writes touches no other's memory. */
enum { PAGE = 4096, PATH_SPACE = 192 };

/* What becomes of a page: late ones belong to calls that missed their deadline. */
enum { FREE, TAKEN, LATE };

struct bh_lease {
  char path[PATH_SPACE];
  int fd; /* -1: not opened yet */
  int64_t size_bytes;
  size_t page_count;
  uint8_t pages[];
};

bh_lease *bh_lease_open(bh_component *component, const char *path, uint64_t size_bytes) {
  if (size_bytes == 0 || size_bytes > INT64_MAX / 2 || strlen(path) >= PATH_SPACE) return NULL;
  size_t page_count = (size_t)(size_bytes / PAGE);
  bh_lease *lease = bh_allocate(component, sizeof *lease + page_count);
  strcpy(lease->path, path);
  lease->fd = -1;
  lease->size_bytes = (int64_t)size_bytes;
  lease->page_count = page_count;
  return lease;
}

static size_t pages_of(int64_t size_bytes) { return (size_t)((size_bytes + PAGE - 1) / PAGE); }

bool bh_lease_take(bh_lease *lease, int64_t size_bytes, bh_piece *piece) {
  if (!lease || size_bytes <= 0 || size_bytes > lease->size_bytes) return false;
  size_t needed = pages_of(size_bytes), found = 0;
  for (size_t i = 0; i < lease->page_count; i++) {
    found = lease->pages[i] == FREE ? found + 1 : 0;
    if (found < needed) continue;
    size_t first = i + 1 - needed;
    memset(lease->pages + first, TAKEN, needed);
    *piece = (bh_piece){(int64_t)first * PAGE, size_bytes};
    return true;
  }
  return false;
}

void bh_lease_give(bh_lease *lease, bh_piece piece, const bh_error *error) {
  if (!lease || piece.offset < 0 || piece.size_bytes <= 0) return;
  uint8_t state = error && strcmp(error->code, "DEADLINE_EXCEEDED") == 0 ? LATE : FREE;
  size_t first = (size_t)(piece.offset / PAGE), count = pages_of(piece.size_bytes);
  if (first >= lease->page_count || count > lease->page_count - first) return;
  memset(lease->pages + first, state, count);
}

void bh_lease_peer_gone(bh_lease *lease) {
  for (size_t i = 0; lease && i < lease->page_count; i++) {
    if (lease->pages[i] == LATE) lease->pages[i] = FREE;
  }
}

/* The piece may come from the peer: nothing about it is believed. */
static bool is_inside(bh_lease *lease, bh_piece piece, int64_t at, size_t length) {
  if (!lease || piece.offset < 0 || piece.size_bytes < 0 || at < 0) return false;
  if (piece.offset > lease->size_bytes || piece.size_bytes > lease->size_bytes - piece.offset) return false;
  if (at > piece.size_bytes || (uint64_t)length > (uint64_t)(piece.size_bytes - at)) return false;
  if (lease->fd < 0) lease->fd = open(lease->path, O_RDWR | O_CLOEXEC);
  return lease->fd >= 0;
}

bool bh_lease_read(bh_lease *lease, bh_piece piece, int64_t at, void *bytes, size_t length) {
  if (!is_inside(lease, piece, at, length)) return false;
  for (size_t done = 0; done < length;) {
    ssize_t got = pread(lease->fd, (char *)bytes + done, length - done, (off_t)(piece.offset + at + (int64_t)done));
    if (got > 0) done += (size_t)got;
    /* 0: the peer has cut it off. */
    else if (got == 0 || errno != EINTR) return false;
  }
  return true;
}

bool bh_lease_write(bh_lease *lease, bh_piece piece, int64_t at, const void *bytes, size_t length) {
  if (!is_inside(lease, piece, at, length)) return false;
  for (size_t done = 0; done < length;) {
    ssize_t put = pwrite(lease->fd, (const char *)bytes + done, length - done, (off_t)(piece.offset + at + (int64_t)done));
    if (put > 0) done += (size_t)put;
    else if (put == 0 || errno != EINTR) return false;
  }
  return true;
}

bh_lease *bh_lease_of(bh_component *component, const char *use) {
  for (size_t i = 0; i < component->definition->use_count; i++) {
    if (strcmp(component->clients[i].use->name, use) == 0) return component->clients[i].lease;
  }
  return NULL;
}
