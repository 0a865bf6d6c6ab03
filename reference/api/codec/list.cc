#include "reference/api/codec/list.h"

#include "reference/api/codec/json.h"
#include "reference/api/codec/protobuf.h"

namespace plumb::api {
namespace {

void append_varint(std::uint64_t value, std::string& out) {
  for (; value > 127; value >>= 7) out += static_cast<char>((value & 127) | 128);
  out += static_cast<char>(value);
}
void append_length_field(unsigned number, std::string_view bytes, std::string& out) {
  append_varint(number << 3 | 2, out);
  append_varint(bytes.size(), out);
  out += bytes;
}
std::size_t varint_size(std::uint64_t value) {
  std::size_t size = 1;
  for (; value > 127; value >>= 7) ++size;
  return size;
}

}  // namespace

ListFrame json_list_frame(const TypeInfo& item, const metav1::ListMeta& metadata) {
  ListFrame frame;
  frame.head = "{\"kind\":\"" + std::string(item.name) + "List\",\"apiVersion\":\"" + api_version(item) + "\",\"metadata\":" + to_json(metadata) + ",\"items\":[";
  frame.separator = ",";
  frame.tail = "]}\n";
  return frame;
}

std::string protobuf_item_prefix(std::size_t message_size) {
  std::string out;
  append_varint(2 << 3 | 2, out);
  append_varint(message_size, out);
  return out;
}

std::string protobuf_list_head(const TypeInfo& item, const metav1::ListMeta& metadata, std::size_t items_bytes) {
  std::string meta, type_meta, out(protobuf_magic);
  encode_protobuf_message(metav1::ListMeta::info(), &metadata, meta);
  append_length_field(1, api_version(item), type_meta);
  append_length_field(2, std::string(item.name) + "List", type_meta);
  append_length_field(1, type_meta, out);
  const std::size_t raw = 1 + varint_size(meta.size()) + meta.size() + items_bytes;
  append_varint(2 << 3 | 2, out);
  append_varint(raw, out);
  append_length_field(1, meta, out);
  return out;
}

namespace {
// A list's message as fields: 1 metadata, 2 items.
struct ListFields {
  std::string_view metadata;
  std::vector<std::string_view> items;
};
bool split_list(std::string_view message, ListFields& out) {
  std::size_t at = 0;
  const auto varint = [&](std::uint64_t& value) {
    value = 0;
    for (int shift = 0; shift < 64 && at < message.size(); shift += 7) {
      const auto byte = static_cast<unsigned char>(message[at++]);
      value |= static_cast<std::uint64_t>(byte & 127) << shift;
      if (byte < 128) return true;
    }
    return false;
  };
  while (at < message.size()) {
    std::uint64_t tag, size;
    if (!varint(tag) || (tag & 7) != 2 || !varint(size) || size > message.size() - at) return false;
    const std::string_view bytes = message.substr(at, size);
    at += size;
    if (tag >> 3 == 1) out.metadata = bytes;
    if (tag >> 3 == 2) out.items.push_back(bytes);
  }
  return true;
}
}  // namespace

Result<ObjectList> decode_list_protobuf(const TypeInfo& item, std::string_view enveloped) {
  const Envelope envelope = PLUMB_TRY(open_envelope(enveloped));
  ListFields fields;
  if (!split_list(envelope.raw, fields)) return fail(Code::invalid_argument, "decoding protobuf: malformed list of " + std::string(item.name));
  ObjectList list;
  PLUMB_TRY(decode_protobuf_into(metav1::ListMeta::info(), &list.metadata, fields.metadata));
  list.items.reserve(fields.items.size());
  for (const std::string_view bytes : fields.items) list.items.push_back(PLUMB_TRY(decode_protobuf_message(item, bytes)));
  return list;
}

Result<ObjectList> decode_list_json(const TypeInfo& item, std::string_view json) {
  // A list as a struct of raw items; each item is then read by its own table.
  metav1::List raw;
  PLUMB_TRY(decode_json_into(metav1::List::info(), &raw, json));
  ObjectList list;
  list.metadata = std::move(raw.metadata);
  list.items.reserve(raw.items.size());
  for (const Raw& text : raw.items) list.items.push_back(PLUMB_TRY(decode_json(item, text.json)));
  return list;
}

}  // namespace plumb::api
