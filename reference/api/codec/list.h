// Lists of objects, on either wire. A list is metadata and items; items are shared objects, or already encoded bytes, so that the
// server can join cached encodings without encoding anything again.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "harness/base/result.h"
#include "reference/api/object.h"

namespace plumb::api {

struct ObjectList {
  metav1::ListMeta metadata;
  std::vector<ObjectPtr> items;
};

// `item` is the type of the items; the list's kind is its name + "List".
Result<ObjectList> decode_list_json(const TypeInfo& item, std::string_view json);
Result<ObjectList> decode_list_protobuf(const TypeInfo& item, std::string_view enveloped);

// The text around items: head + items joined by separator + tail. Protobuf items each carry item_prefix(size).
struct ListFrame {
  std::string head, separator, tail;
};
ListFrame json_list_frame(const TypeInfo& item, const metav1::ListMeta& metadata);
// `items_bytes` is the sum of each item's message size plus its prefix.
std::string protobuf_list_head(const TypeInfo& item, const metav1::ListMeta& metadata, std::size_t items_bytes);
std::string protobuf_item_prefix(std::size_t message_size);

}  // namespace plumb::api
