#include "reference/apiserver/http/forms.h"

#include "reference/api/codec/json.h"
#include "reference/api/codec/list.h"
#include "reference/api/codec/protobuf.h"
#include "reference/api/doc/document.h"
#include "reference/api/types/metav1.h"
#include "reference/api/types/partialv1.h"

namespace plumb::apiserver {
namespace {

constexpr std::string_view table_version = "meta.k8s.io/v1";

metav1::ListMeta list_meta(const ListResult& list) {
  metav1::ListMeta metadata;
  metadata.resourceVersion = std::to_string(list.revision);
  if (!list.continue_token.empty()) metadata.continue_ = list.continue_token;
  if (list.remaining) metadata.remainingItemCount = *list.remaining;
  return metadata;
}

partialv1::PartialObjectMetadata metadata_of(const api::Object& object) {
  partialv1::PartialObjectMetadata partial;
  partial.metadata = object.metadata;
  return partial;
}

void append_cell(const resources::Cell& cell, std::string& out) {
  switch (cell.is) {
    case resources::Cell::Is::text: return api::append_json_string(cell.text, out);
    case resources::Cell::Is::integer: out += std::to_string(cell.number); return;
    case resources::Cell::Is::boolean: out += cell.number ? "true" : "false"; return;
    case resources::Cell::Is::null: out += "null"; return;
  }
}

void append_row(const Resource& resource, const CachedObject& object, IncludeObject include, WallTime now, std::string& out) {
  out += "{\"cells\":[";
  bool first = true;
  for (const resources::Cell& cell : resource.row(*object, now)) {
    if (!first) out += ',';
    first = false;
    append_cell(cell, out);
  }
  out += ']';
  if (include != IncludeObject::none) {
    out += ",\"object\":";
    if (include == IncludeObject::object)
      out += *object.json();
    else
      api::encode_json(metadata_of(*object), out);
  }
  out += '}';
}

void append_columns(const Resource& resource, std::string& out) {
  bool first = true;
  for (const resources::Column& column : resource.columns()) {
    if (!first) out += ',';
    first = false;
    out += "{\"name\":";
    api::append_json_string(column.name, out);
    out += ",\"type\":";
    api::append_json_string(column.type, out);
    out += ",\"format\":";
    api::append_json_string(column.format, out);
    out += ",\"description\":";
    api::append_json_string(column.description, out);
    out += ",\"priority\":" + std::to_string(column.priority) + "}";
  }
}

std::string table_head(const Resource& resource, const metav1::ListMeta& metadata, bool with_columns) {
  std::string out = "{\"kind\":\"Table\",\"apiVersion\":\"";
  out.append(table_version).append("\",\"metadata\":").append(api::to_json(metadata)).append(",\"columnDefinitions\":[");
  if (with_columns) append_columns(resource, out);
  out += "],\"rows\":[";
  return out;
}

std::string protobuf_list(const Resource& resource, const ListResult& list) {
  std::size_t size = 0;
  std::vector<std::pair<std::string, Bytes>> items;
  items.reserve(list.items.size());
  std::vector<std::string_view> messages;
  messages.reserve(list.items.size());
  for (const CachedPtr& object : list.items) {
    Bytes bytes = object->protobuf();
    const auto envelope = api::open_envelope(*bytes);
    const std::string_view message = envelope.ok() ? envelope->raw : std::string_view();
    items.emplace_back(api::protobuf_item_prefix(message.size()), std::move(bytes));
    messages.push_back(message);
    size += items.back().first.size() + message.size();
  }
  std::string out = api::protobuf_list_head(resource.type(), list_meta(list), size);
  out.reserve(out.size() + size);
  for (std::size_t i = 0; i < items.size(); ++i) out.append(items[i].first).append(messages[i]);
  return out;
}

std::string json_list(const Resource& resource, const ListResult& list) {
  const api::ListFrame frame = api::json_list_frame(resource.type(), list_meta(list));
  std::size_t size = frame.head.size() + frame.tail.size();
  for (const CachedPtr& object : list.items) size += object->json()->size() + frame.separator.size();
  std::string out;
  out.reserve(size);
  out += frame.head;
  bool first = true;
  for (const CachedPtr& object : list.items) {
    if (!first) out += frame.separator;
    first = false;
    out += *object->json();
  }
  out += frame.tail;
  return out;
}

std::string table_list(const Resource& resource, const ListResult& list, IncludeObject include, WallTime now) {
  std::string out = table_head(resource, list_meta(list), true);
  bool first = true;
  for (const CachedPtr& object : list.items) {
    if (!first) out += ',';
    first = false;
    append_row(resource, *object, include, now, out);
  }
  out += "]}\n";
  return out;
}

std::string partial_list(const ListResult& list, Encoding encoding) {
  const api::TypeInfo& type = partialv1::PartialObjectMetadata::info();
  if (encoding == Encoding::protobuf) {
    std::string items;
    for (const CachedPtr& object : list.items) {
      std::string message;
      const auto partial = metadata_of(**object);
      api::encode_protobuf_message(type, &partial, message);
      items.append(api::protobuf_item_prefix(message.size())).append(message);
    }
    return api::protobuf_list_head(type, list_meta(list), items.size()) + items;
  }
  const api::ListFrame frame = api::json_list_frame(type, list_meta(list));
  std::string out = frame.head;
  bool first = true;
  for (const CachedPtr& object : list.items) {
    if (!first) out += frame.separator;
    first = false;
    api::encode_json(metadata_of(**object), out);
  }
  return out + frame.tail;
}

void append_yaml(const api::Doc& doc, int indent, std::string& out);

bool plain_in_yaml(std::string_view text) {
  if (text.empty()) return false;
  for (const char c : text)
    if (!((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' || c == '_' || c == '.' || c == '/')) return false;
  const char first = text.front();
  if (!((first >= 'a' && first <= 'z') || (first >= 'A' && first <= 'Z') || first == '/')) return false;
  for (const std::string_view word : {"true", "false", "yes", "no", "on", "off", "null", "y", "n", "True", "False", "Yes", "No", "On", "Off", "Null", "Y", "N",
                                      "TRUE", "FALSE", "YES", "NO", "ON", "OFF", "NULL"})
    if (text == word) return false;
  return true;
}

void append_yaml_string(std::string_view text, std::string& out) {
  if (plain_in_yaml(text)) {
    out += text;
    return;
  }
  api::append_json_string(text, out);  // a JSON string is a double-quoted YAML string
}

void append_yaml_value(const api::Doc& value, int indent, std::string& out) {
  if (value.is_string()) {
    out += ' ';
    append_yaml_string(value.as_string(), out);
    out += '\n';
  } else if ((value.is_object() || value.is_array()) && value.size() > 0) {
    out += '\n';
    append_yaml(value, indent, out);
  } else {
    out += ' ';
    value.append_json(out);
    out += '\n';
  }
}

void append_yaml(const api::Doc& doc, int indent, std::string& out) {
  const std::string margin(static_cast<std::size_t>(indent), ' ');
  if (doc.is_object()) {
    for (const auto& member : doc.members()) {
      out += margin;
      append_yaml_string(member.name(), out);
      out += ':';
      append_yaml_value(member.value, indent + 2, out);
    }
  } else if (doc.is_array()) {
    for (const api::Doc& item : doc.items()) {
      out += margin;
      out += '-';
      append_yaml_value(item, indent + 2, out);
    }
  }
}

}  // namespace

IncludeObject include_object(const Query& query) {
  const std::string_view wanted = query.get("includeObject");
  if (wanted == metav1::IncludeNone) return IncludeObject::none;
  return wanted == metav1::IncludeObject ? IncludeObject::object : IncludeObject::metadata;
}

std::string json_to_yaml(std::string_view json) {
  const auto doc = api::parse_json(json);
  if (!doc.ok()) return std::string(json);
  std::string out;
  append_yaml(*doc, 0, out);
  return out.empty() ? "{}\n" : out;
}

Bytes object_form(const Resource& resource, const CachedPtr& object, const Accepted& accepted, IncludeObject include, WallTime now, bool with_columns) {
  std::string out;
  switch (accepted.as) {
    case Shown::table: {
      metav1::ListMeta metadata;
      metadata.resourceVersion = (*object)->metadata.resourceVersion;
      out = table_head(resource, metadata, with_columns);
      append_row(resource, *object, include, now, out);
      out += "]}";
      break;
    }
    case Shown::partial:
    case Shown::partial_list:
      if (accepted.encoding == Encoding::protobuf)
        api::encode_protobuf(metadata_of(**object), out);
      else
        api::encode_json(metadata_of(**object), out);
      break;
    case Shown::object:
      if (accepted.encoding == Encoding::protobuf) return object->protobuf();
      if (accepted.encoding == Encoding::json) return object->json();
      out = *object->json();
      break;
  }
  if (accepted.encoding == Encoding::yaml) out = json_to_yaml(out);
  return store::bytes(std::move(out));
}

std::string list_form(const Resource& resource, const ListResult& list, const Accepted& accepted, IncludeObject include, WallTime now) {
  std::string out;
  if (accepted.as == Shown::table)
    out = table_list(resource, list, include, now);
  else if (accepted.as != Shown::object)
    out = partial_list(list, accepted.encoding);
  else
    out = accepted.encoding == Encoding::protobuf ? protobuf_list(resource, list) : json_list(resource, list);
  return accepted.encoding == Encoding::yaml ? json_to_yaml(out) : out;
}

std::string struct_form(std::string_view api_version, const api::TypeInfo& type, const void* structure, Encoding encoding) {
  std::string out;
  if (encoding == Encoding::protobuf) {
    std::string message;
    api::encode_protobuf_message(type, structure, message);
    api::wrap_envelope(api_version, type.name, message, out);
    return out;
  }
  std::string text;
  api::encode_json(type, structure, text);
  // The kinds that every group shares (Status, lists of resources) belong to meta.k8s.io in the tables and to "v1" on the wire.
  const std::string own = "{\"kind\":\"" + std::string(type.name) + "\",\"apiVersion\":\"";
  const std::size_t rest = text.find('"', own.size());
  out = own + std::string(api_version) + text.substr(rest);
  return encoding == Encoding::yaml ? json_to_yaml(out) : out;
}

}  // namespace plumb::apiserver
