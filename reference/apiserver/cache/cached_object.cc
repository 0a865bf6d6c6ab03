#include "reference/apiserver/cache/cached_object.h"

#include <utility>

#include "reference/api/codec/json.h"
#include "reference/api/codec/protobuf.h"

namespace plumb::apiserver {

struct CachedObject::Version {
  const resources::Resource* resource;
  CachedPtr object;
  const Version* next;
};

CachedObject::~CachedObject() {
  for (const Version* each = versions_.load(std::memory_order_relaxed); each;) delete std::exchange(each, each->next);
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

CachedPtr CachedObject::in(const resources::Resource& version) const {
  const auto find = [&](const Version* each) {
    while (each && each->resource != &version) each = each->next;
    return each;
  };
  const Version* first = versions_.load(std::memory_order_acquire);
  if (const Version* ready = find(first)) return ready->object;
  auto made = std::make_unique<Version>(Version{&version, std::make_shared<const CachedObject>(key(), version.from_stored(*object_), revision_), first});
  while (!versions_.compare_exchange_weak(first, made.get(), std::memory_order_acq_rel)) {
    if (const Version* ready = find(first)) return ready->object;
    made->next = first;
  }
  return made.release()->object;
}

}  // namespace plumb::apiserver
