/*
 * One transfer on an I2C bus, as Linux has it (Documentation/i2c/dev-interface.rst): ioctl I2C_RDWR with all messages at once, so that a read
 * follows its write behind a repeated start and nobody else comes between. By Node-API, so one file serves every Node.
 *
 *   claim(fd, address) → errno           I2C_SLAVE: EBUSY where a driver of the kernel has the address. Nothing reaches the wire.
 *   transfer(fd, address, write, read, done)    on a thread of the pool; then done(errno). `write` or `read` may be empty, not both.
 */
#include <errno.h>
#include <linux/i2c-dev.h>
#include <linux/i2c.h>
#include <node_api.h>
#include <stdlib.h>
#include <sys/ioctl.h>

typedef struct {
  int fd;
  struct i2c_msg messages[2];
  unsigned count;
  int error;
  napi_ref buffers;
  napi_ref done;
  napi_async_work work;
} Transfer;

static napi_value fail(napi_env env, const char *why) {
  napi_throw_type_error(env, NULL, why);
  return NULL;
}

static napi_value number(napi_env env, int value) {
  napi_value result = NULL;
  napi_create_int32(env, value, &result);
  return result;
}

static napi_value claim(napi_env env, napi_callback_info info) {
  size_t count = 2;
  napi_value given[2];
  int32_t fd, address;
  if (napi_get_cb_info(env, info, &count, given, NULL, NULL) != napi_ok || count != 2 ||
      napi_get_value_int32(env, given[0], &fd) != napi_ok || napi_get_value_int32(env, given[1], &address) != napi_ok)
    return fail(env, "claim(fd, address)");
  return number(env, ioctl(fd, I2C_SLAVE, (unsigned long)address) < 0 ? errno : 0);
}

static void run(napi_env env, void *data) {
  (void)env;
  Transfer *transfer = data;
  struct i2c_rdwr_ioctl_data all = {.msgs = transfer->messages, .nmsgs = transfer->count};
  transfer->error = ioctl(transfer->fd, I2C_RDWR, &all) < 0 ? errno : 0;
}

static void finish(napi_env env, napi_status status, void *data) {
  Transfer *transfer = data;
  napi_value done, global, error = number(env, status == napi_ok ? transfer->error : ECANCELED);
  if (napi_get_reference_value(env, transfer->done, &done) == napi_ok && napi_get_global(env, &global) == napi_ok)
    napi_call_function(env, global, done, 1, &error, NULL);
  napi_delete_reference(env, transfer->done);
  napi_delete_reference(env, transfer->buffers);
  napi_delete_async_work(env, transfer->work);
  free(transfer);
}

/* Appends a message for the bytes of a typed array; a message of no bytes is not sent. */
static int append(napi_env env, Transfer *transfer, napi_value bytes, int32_t address, unsigned short flags) {
  napi_typedarray_type type;
  size_t length;
  void *data;
  if (napi_get_typedarray_info(env, bytes, &type, &length, &data, NULL, NULL) != napi_ok || type != napi_uint8_array) return -1;
  /* The kernel takes 8192 (drivers/i2c/i2c-dev.c). */
  if (length > 8192) return -1;
  if (length == 0) return 0;
  transfer->messages[transfer->count++] =
      (struct i2c_msg){.addr = (unsigned short)address, .flags = flags, .len = (unsigned short)length, .buf = data};
  return 0;
}

static napi_value transfer(napi_env env, napi_callback_info info) {
  size_t count = 5;
  napi_value given[5], name, buffers;
  napi_valuetype type;
  int32_t address;
  Transfer *one = calloc(1, sizeof *one);
  if (one == NULL) return fail(env, "no memory");
  if (napi_get_cb_info(env, info, &count, given, NULL, NULL) != napi_ok || count != 5 ||
      napi_get_value_int32(env, given[0], &one->fd) != napi_ok || napi_get_value_int32(env, given[1], &address) != napi_ok ||
      address < 0 || address > 0x7f || append(env, one, given[2], address, 0) != 0 ||
      append(env, one, given[3], address, I2C_M_RD) != 0 || one->count == 0 ||
      napi_typeof(env, given[4], &type) != napi_ok || type != napi_function) {
    free(one);
    return fail(env, "transfer(fd, address, write, read, done)");
  }
  /* Both arrays live until the kernel is through with their memory. */
  if (napi_create_array_with_length(env, 2, &buffers) != napi_ok || napi_set_element(env, buffers, 0, given[2]) != napi_ok ||
      napi_set_element(env, buffers, 1, given[3]) != napi_ok || napi_create_reference(env, buffers, 1, &one->buffers) != napi_ok ||
      napi_create_reference(env, given[4], 1, &one->done) != napi_ok ||
      napi_create_string_utf8(env, "i2c", NAPI_AUTO_LENGTH, &name) != napi_ok ||
      napi_create_async_work(env, NULL, name, run, finish, one, &one->work) != napi_ok ||
      napi_queue_async_work(env, one->work) != napi_ok)
    return fail(env, "the transfer could not be queued");
  return NULL;
}

NAPI_MODULE_INIT() {
  napi_value function;
  if (napi_create_function(env, "claim", NAPI_AUTO_LENGTH, claim, NULL, &function) == napi_ok)
    napi_set_named_property(env, exports, "claim", function);
  if (napi_create_function(env, "transfer", NAPI_AUTO_LENGTH, transfer, NULL, &function) == napi_ok)
    napi_set_named_property(env, exports, "transfer", function);
  return exports;
}
