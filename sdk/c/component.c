/* The life of a component: one loop over its channels, the control channel and its timers, from start to stop. */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "internal.h"

/* A last word may take this long; then the process ends without it. */
enum { LAST_WORD_MS = 500, LINE_SPACE = 4096, REASON_SPACE = 512, STDOUT = 1 };

uint64_t bh_now_ms(void) {
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}

void *bh_state(const bh_component *component) { return component->state; }
const char *bh_name(const bh_component *component) { return component->name; }
uint32_t bh_incarnation(const bh_component *component) { return component->incarnation; }

void *bh_allocate(bh_component *component, size_t size) {
  void *memory = calloc(1, size > 0 ? size : 1);
  if (!memory) bh_fault(component, "there is no memory left");
  return memory;
}

/* A pipe that is ready takes at least PIPE_BUF bytes, 4096 on Linux, so a line of that length never waits. */
static bool write_line(const char *line, size_t length) {
  struct pollfd out = {.fd = STDOUT, .events = POLLOUT};
  if (poll(&out, 1, 0) != 1 || !(out.revents & POLLOUT)) return false;
  return write(STDOUT, line, length) == (ssize_t)length;
}

static void write_log(bh_component *component, const char *level, const char *format, va_list arguments) {
  char line[LINE_SPACE];
  if (component->dropped_lines > 0) {
    int length = snprintf(line, sizeof line, "warn %u lines of this log were dropped, nobody read them\n",
                          component->dropped_lines);
    if (!write_line(line, (size_t)length)) {
      component->dropped_lines++;
      return;
    }
    component->dropped_lines = 0;
  }
  size_t length = (size_t)snprintf(line, sizeof line, "%.8s ", level);
  int more = vsnprintf(line + length, sizeof line - length - 1, format, arguments);
  if (more < 0) return;
  length += (size_t)more < sizeof line - length - 1 ? (size_t)more : sizeof line - length - 2;
  for (size_t i = 0; i < length; i++) {
    if (line[i] == '\n') line[i] = ' ';
  }
  line[length++] = '\n';
  if (!write_line(line, length)) component->dropped_lines++;
}

void bh_log(bh_component *component, const char *level, const char *format, ...) {
  va_list arguments;
  va_start(arguments, format);
  write_log(component, level, format, arguments);
  va_end(arguments);
}

/* Gives the last frames time to leave, and ends the process. */
static _Noreturn void end(bh_component *component, int code) {
  uint64_t by_ms = bh_now_ms() + LAST_WORD_MS;
  while (bh_link_queued(&component->control) > 0 && !component->control.broken && bh_now_ms() < by_ms) {
    struct pollfd out = {.fd = component->control.fd, .events = POLLOUT};
    poll(&out, 1, 50);
    bh_link_flush(&component->control);
  }
  _exit(code);
}

void bh_fault(bh_component *component, const char *format, ...) {
  char reason[REASON_SPACE];
  va_list arguments;
  va_start(arguments, format);
  vsnprintf(reason, sizeof reason, format, arguments);
  va_end(arguments);
  bh_log(component, "error", "this component gives up: %s", reason);
  uint8_t space[REASON_SPACE + 32];
  bh_writer body = bh_writer_over(space, sizeof space);
  bh_write_map(&body, 1);
  bh_write_text(&body, "reason");
  bh_write_text(&body, reason);
  bh_send_notification(&component->control, "fault", &body);
  end(component, 1);
}

void bh_after(bh_component *component, uint32_t after_ms, void (*action)(bh_component *, void *), void *context) {
  bh_timer *timer = bh_allocate(component, sizeof *timer);
  *timer = (bh_timer){component->timers, bh_now_ms() + after_ms, action, context};
  component->timers = timer;
}

/* Those that are due now; what they set meanwhile waits for the next turn. */
static void run_timers(bh_component *component) {
  uint64_t now_ms = bh_now_ms();
  bh_timer *due = NULL;
  for (bh_timer **at = &component->timers; *at;) {
    bh_timer *timer = *at;
    if (timer->at_ms > now_ms) {
      at = &timer->next;
      continue;
    }
    *at = timer->next;
    timer->next = due;
    due = timer;
  }
  while (due) {
    bh_timer *timer = due;
    due = timer->next;
    timer->action(component, timer->context);
    free(timer);
  }
}

static void beat(bh_component *component) {
  uint64_t now_ms = bh_now_ms();
  if (!component->ready || now_ms < component->heartbeat_at_ms) return;
  component->heartbeat_at_ms = now_ms + component->heartbeat_ms;
  /* Heartbeats that the root server does not read are not piled up. */
  if (bh_link_queued(&component->control) < 4096) bh_send_notification(&component->control, "heartbeat", NULL);
}

static void hear_control(bh_component *component) {
  bh_link *control = &component->control;
  bh_link_flush(control);
  bh_link_fill(control);
  if (control->broken) bh_fault(component, "the root server has gone");
  size_t consumed = 0;
  bh_reader frame;
  while (bh_link_next(control, &consumed, &frame)) bh_hear_root(component, frame);
  if (control->broken) bh_fault(component, "the root server's frames do not follow the protocol");
  bh_link_drop(control, consumed);
}

/* One turn: waits for the next thing that happens, and deals with all that has happened. */
static void turn(bh_component *component, struct pollfd *fds, size_t *counts) {
  uint64_t now_ms = bh_now_ms(), wake_ms = now_ms + 60000;
  if (component->ready && component->heartbeat_at_ms < wake_ms) wake_ms = component->heartbeat_at_ms;
  for (bh_timer *timer = component->timers; timer; timer = timer->next) {
    if (timer->at_ms < wake_ms) wake_ms = timer->at_ms;
  }
  size_t uses = component->definition->use_count, used = 1;
  short control = bh_link_queued(&component->control) > 0 ? POLLIN | POLLOUT : POLLIN;
  fds[0] = (struct pollfd){.fd = component->control.fd, .events = control};
  for (size_t i = 0; i < uses; i++) used += counts[i] = bh_client_watch(component, &component->clients[i], fds + used, &wake_ms);
  size_t providers = component->ready ? component->provider_count : 0;
  for (size_t i = 0; i < providers; i++) {
    used += counts[uses + i] = bh_provider_watch(component, &component->providers[i], fds + used, &wake_ms);
  }
  int found = poll(fds, used, wake_ms <= now_ms ? 0 : (int)(wake_ms - now_ms));
  if (found < 0 && errno != EINTR) bh_fault(component, "poll failed");
  if (found <= 0) memset(fds, 0, used * sizeof *fds);
  if (fds[0].revents) hear_control(component);
  size_t at = 1;
  for (size_t i = 0; i < uses; at += counts[i++]) bh_client_serve(component, &component->clients[i], fds + at, counts[i]);
  for (size_t i = 0; i < providers; at += counts[uses + i++]) {
    bh_provider_serve(component, (uint32_t)i, fds + at, counts[uses + i]);
  }
  run_timers(component);
  beat(component);
}

int bh_run(const bh_definition *definition, void *state) {
  bh_component component = {.definition = definition, .state = state, .name = "component"};
  signal(SIGPIPE, SIG_IGN);
  bh_link_open(&component.control, BH_CONTROL_FD);
  component.clients = bh_allocate(&component, (definition->use_count + 1) * sizeof *component.clients);
  for (size_t i = 0; i < definition->use_count; i++) {
    bh_client_end *client = &component.clients[i];
    client->use = &definition->uses[i];
    client->streams.channel = (uint32_t)i;
    bh_link_open(&client->link, -1);
    int length = snprintf(client->path, sizeof client->path, "/run/ipc/uses/%s/socket", client->use->name);
    if (length < 0 || (size_t)length >= sizeof client->path) bh_fault(&component, "a channel's name is too long");
  }
  /* Before start nobody knows how many channels there are; after it the number stays. */
  struct pollfd *fds = NULL;
  size_t *counts = NULL;
  for (bool sized = false; !component.stopping;) {
    if (!fds || (component.ready && !sized)) {
      sized = component.ready;
      free(fds);
      free(counts);
      size_t ends = definition->use_count + component.provider_count;
      fds = bh_allocate(&component, (1 + definition->use_count + component.provider_count * (1 + BH_CONNECTIONS)) * sizeof *fds);
      counts = bh_allocate(&component, (ends + 1) * sizeof *counts);
    }
    turn(&component, fds, counts);
  }
  bh_log(&component, "info", "stopping");
  if (definition->stop) definition->stop(&component);
  for (size_t i = 0; i < component.provider_count; i++) {
    for (int at = 0; at < BH_CONNECTIONS; at++) bh_link_flush(&component.providers[i].connections[at].link);
  }
  end(&component, 0);
}
