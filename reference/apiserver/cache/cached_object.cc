#include "reference/apiserver/cache/cached_object.h"

#include "reference/api/codec/json.h"
#include "reference/api/codec/protobuf.h"

namespace plumb::apiserver {

CachedObject::~CachedObject() {
  delete json_.load(std::memory_order_relaxed);
  delete protobuf_.load(std::memory_order_relaxed);
}

Bytes CachedObject::encoded(std::atomic<const Bytes*>& slot, Encode encode) const {
  if (const Bytes* ready = slot.load(std::memory_order_acquire)) return *ready;
  std::string text;
  encode(*object_, text);
  text.shrink_to_fit();
  auto made = std::make_unique<const Bytes>(store::bytes(std::move(text)));
  const Bytes* expected = nullptr;
  if (slot.compare_exchange_strong(expected, made.get(), std::memory_order_acq_rel)) return *made.release();
  return *expected;
}

Bytes CachedObject::json() const {
  return encoded(json_, [](const api::Object& object, std::string& out) { api::encode_json(object, out); });
}

Bytes CachedObject::protobuf() const {
  return encoded(protobuf_, [](const api::Object& object, std::string& out) { api::encode_protobuf(object, out); });
}

}  // namespace plumb::apiserver
