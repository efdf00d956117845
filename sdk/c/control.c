/* What the root server says: who the component is, what it has, who of its peers is up, and when to stop. */
#define _GNU_SOURCE
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "internal.h"

/* A name of the manifest, as a C string. */
static void copy_name(bh_component *component, char *into, bh_text name) {
  if (name.length == 0 || name.length >= BH_NAME_SPACE || memchr(name.bytes, 0, name.length)) {
    bh_fault(component, "the root server sent a name that cannot be");
  }
  memcpy(into, name.bytes, name.length);
  into[name.length] = 0;
}

static uint8_t *copy_bytes(bh_component *component, bh_reader *value) {
  size_t length = (size_t)(value->end - value->at);
  uint8_t *copy = bh_allocate(component, length);
  memcpy(copy, value->at, length);
  *value = (bh_reader){copy, copy + length, false};
  return copy;
}

typedef struct {
  bh_text client, name, service, interface;
  bh_reader grant, operations;
  int64_t lease_bytes;
} channel;

static channel read_channel(bh_reader *reader) {
  channel found = {0};
  uint32_t members = bh_read_map(reader);
  for (uint32_t i = 0; i < members && !reader->failed; i++) {
    bh_text key = bh_read_text(reader);
    bh_reader value = bh_read_any(reader);
    if (bh_text_is(key, "client")) found.client = bh_read_text(&value);
    else if (bh_text_is(key, "name")) found.name = bh_read_text(&value);
    else if (bh_text_is(key, "service")) found.service = bh_read_text(&value);
    else if (bh_text_is(key, "interface")) found.interface = bh_read_text(&value);
    else if (bh_text_is(key, "leaseBytes")) found.lease_bytes = bh_read_int(&value);
    else if (bh_text_is(key, "grant")) found.grant = value;
    else if (bh_text_is(key, "operations") && bh_peek(&value) == BH_ARRAY) found.operations = value;
  }
  return found;
}

/* `name` of the file: that of the channel at the client, the client's in front of it at the provider. */
static bh_lease *lease_of(bh_component *component, const channel *one, const char *client, const char *name) {
  char path[16 + 2 * BH_NAME_SPACE + 8];
  if (one->lease_bytes <= 0) return NULL;
  const char *dot = *client ? "." : "";
  int length = snprintf(path, sizeof path, "/run/ipc/leases/%s%s%s", client, dot, name);
  if (length < 0 || (size_t)length >= sizeof path) bh_fault(component, "a channel's name is too long");
  return bh_lease_open(component, path, (uint64_t)one->lease_bytes);
}

/* The channels that the component uses must be those that the manifest gives, by the same interface. */
static void check_uses(bh_component *component, bh_reader uses) {
  for (size_t i = 0; i < component->definition->use_count; i++) {
    const bh_use *use = &component->definition->uses[i];
    bool given = false;
    bh_reader reader = uses;
    uint32_t count = bh_read_array(&reader);
    for (uint32_t at = 0; at < count && !reader.failed; at++) {
      channel one = read_channel(&reader);
      if (bh_text_is(one.name, use->name) && bh_text_is(one.interface, use->interface->name)) {
        given = true;
        component->clients[i].lease = lease_of(component, &one, "", use->name);
      }
    }
    if (!given) bh_fault(component, "uses %s as %s, which the manifest does not give", use->name, use->interface->name);
  }
}

static void take_provides(bh_component *component, bh_reader provides) {
  uint32_t count = bh_read_array(&provides);
  /* Each channel took bytes of the message, so the count is bounded by what was sent. */
  component->providers = bh_allocate(component, (count + 1) * sizeof *component->providers);
  for (uint32_t at = 0; at < count && !provides.failed; at++) {
    channel one = read_channel(&provides);
    const bh_service *service = NULL;
    for (size_t i = 0; i < component->definition->service_count; i++) {
      if (bh_text_is(one.service, component->definition->services[i].name)) service = &component->definition->services[i];
    }
    if (!service || !bh_text_is(one.interface, service->interface->name)) {
      bh_fault(component, "the manifest provides %.*s, which this component does not", (int)one.service.length,
               one.service.bytes);
    }
    bh_provider_end *end = &component->providers[component->provider_count];
    bh_flows streams = {.served = true, .channel = (uint32_t)component->provider_count++};
    *end = (bh_provider_end){.service = service, .listener = -1, .streams = streams};
    for (int i = 0; i < BH_CONNECTIONS; i++) bh_link_open(&end->connections[i].link, -1);
    copy_name(component, end->component, one.client);
    copy_name(component, end->name, one.name);
    end->client = (bh_client){end->component, end->name, one.grant, lease_of(component, &one, end->component, end->name)};
    end->grant = copy_bytes(component, &end->client.grant);
    end->operations = one.operations;
    if (one.operations.at) end->operation_bytes = copy_bytes(component, &end->operations);
  }
}

static void begin(bh_component *component, bh_reader body) {
  if (component->started) bh_fault(component, "the root server said start twice");
  component->started = true;
  bh_reader uses = {0}, provides = {0}, config = {0};
  uint32_t members = bh_read_map(&body);
  int64_t protocol = 0;
  for (uint32_t i = 0; i < members && !body.failed; i++) {
    bh_text key = bh_read_text(&body);
    bh_reader value = bh_read_any(&body);
    if (bh_text_is(key, "protocol")) protocol = bh_read_int(&value);
    else if (bh_text_is(key, "component")) copy_name(component, component->name, bh_read_text(&value));
    else if (bh_text_is(key, "incarnation")) component->incarnation = (uint32_t)bh_read_int(&value);
    else if (bh_text_is(key, "heartbeatMs")) component->heartbeat_ms = (uint64_t)bh_read_int(&value);
    else if (bh_text_is(key, "uses")) uses = value;
    else if (bh_text_is(key, "provides")) provides = value;
    else if (bh_text_is(key, "config")) config = value;
  }
  if (body.failed || protocol != BH_PROTOCOL || component->heartbeat_ms == 0) {
    bh_fault(component, "the root server's start message is of another protocol");
  }
  check_uses(component, uses);
  take_provides(component, provides);
  if (component->definition->start) component->definition->start(component, config);
  for (size_t i = 0; i < component->provider_count; i++) bh_provider_listen(component, &component->providers[i]);
  bh_send_notification(&component->control, "ready", NULL);
  component->ready = true;
  component->heartbeat_at_ms = bh_now_ms() + component->heartbeat_ms;
}

static void hear_peer(bh_component *component, bh_reader body) {
  bh_text name = {0};
  bool up = false;
  int64_t incarnation = 0;
  uint32_t members = bh_read_map(&body);
  for (uint32_t i = 0; i < members && !body.failed; i++) {
    bh_text key = bh_read_text(&body);
    if (bh_text_is(key, "name")) name = bh_read_text(&body);
    else if (bh_text_is(key, "up")) up = bh_read_bool(&body);
    else if (bh_text_is(key, "incarnation")) incarnation = bh_read_int(&body);
    else bh_read_any(&body);
  }
  if (body.failed) bh_fault(component, "the root server sent a peer message that cannot be");
  for (size_t i = 0; i < component->definition->use_count; i++) {
    bh_client_end *end = &component->clients[i];
    if (bh_text_is(name, end->use->name)) bh_client_peer(component, end, up, (uint32_t)incarnation);
  }
}

void bh_hear_root(bh_component *component, bh_reader frame) {
  bh_message message;
  if (!bh_parse(frame, &message) || message.kind != 2) bh_fault(component, "the root server sent no notification");
  if (bh_text_is(message.name, "start")) begin(component, message.body);
  else if (bh_text_is(message.name, "peer")) hear_peer(component, message.body);
  else if (bh_text_is(message.name, "stop")) component->stopping = true;
  /* What is for core servers only, or newer than this library, changes nothing here. */
}
