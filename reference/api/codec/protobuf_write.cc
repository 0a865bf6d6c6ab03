#include "reference/api/codec/protobuf.h"

#include <algorithm>
#include <cstring>

namespace plumb::api {
namespace {

// Messages are written from their end, so that a nested message's length is known when its prefix is written. Within a message
// fields go out by falling number, lists and maps from their last element.
class Encoder {
 public:
  std::string_view done() const { return {buffer_.data() + at_, buffer_.size() - at_}; }
  void clear() { at_ = buffer_.size(); }

  void message(const TypeInfo& type, const char* structure) {
    for (std::size_t i = type.wire_fields.size(); i-- > 0;) field(type.wire_fields[i], structure + type.wire_fields[i].offset);
  }
  void string_field(unsigned number, std::string_view text) {
    bytes(text);
    varint(text.size());
    tag(number, 2);
  }
  // Prefix for what was written since `end` = size() before.
  void length_field(unsigned number, std::size_t end) {
    varint(size() - end);
    tag(number, 2);
  }
  std::size_t size() const { return buffer_.size() - at_; }
  void bytes(std::string_view text) {
    char* target = room(text.size());
    if (!text.empty()) std::memcpy(target, text.data(), text.size());
  }

 private:
  char* room(std::size_t count) {
    if (at_ < count) {
      const std::size_t used = size(), capacity = std::max<std::size_t>(buffer_.size() * 2, used + count + 1024);
      std::string bigger(capacity, '\0');
      std::memcpy(bigger.data() + capacity - used, buffer_.data() + at_, used);
      buffer_.swap(bigger);
      at_ = capacity - used;
    }
    at_ -= count;
    return buffer_.data() + at_;
  }
  void varint(std::uint64_t value) {
    char coded[10];
    std::size_t count = 0;
    do {
      coded[count++] = static_cast<char>(value > 127 ? (value & 127) | 128 : value);
      value >>= 7;
    } while (value);
    std::memcpy(room(count), coded, count);
  }
  void tag(unsigned number, unsigned wire) { varint(number << 3 | wire); }

  void field(const FieldInfo& info, const char* at) {
    switch (info.shape) {
      case Shape::single: single(info, at); return;
      case Shape::optional: optional(info, at); return;
      case Shape::list: list(info, reinterpret_cast<const RawList&>(*at)); return;
      case Shape::map: map(info, reinterpret_cast<const RawList&>(*at)); return;
    }
  }

  void number(const FieldInfo& info, std::uint64_t value) {
    varint(value);
    tag(info.number, 0);
  }
  void fixed64(const FieldInfo& info, double value) {
    std::memcpy(room(8), &value, 8);
    tag(info.number, 1);
  }
  static std::uint64_t widen(std::int64_t value) { return static_cast<std::uint64_t>(value); }

  // Upstream writes every field that is not a pointer, empty ones too; byte strings and lists only when there is something.
  void single(const FieldInfo& info, const char* at) {
    switch (info.kind) {
      case Kind::boolean: number(info, *reinterpret_cast<const bool*>(at)); return;
      case Kind::int32: number(info, widen(*reinterpret_cast<const std::int32_t*>(at))); return;
      case Kind::int64: number(info, widen(*reinterpret_cast<const std::int64_t*>(at))); return;
      case Kind::float64: fixed64(info, *reinterpret_cast<const double*>(at)); return;
      case Kind::bytes:
        if (const Str& data = reinterpret_cast<const Bytes*>(at)->data; data.is_set()) string_field(info.number, data);
        return;
      case Kind::strings:
        if (reinterpret_cast<const RawList*>(at)->size()) element(info, at);
        return;
      default: element(info, at); return;
    }
  }

  void optional(const FieldInfo& info, const char* at) {
    switch (info.kind) {
      case Kind::boolean: opt<bool>(info, at); return;
      case Kind::int32: opt<std::int32_t>(info, at); return;
      case Kind::int64: opt<std::int64_t>(info, at); return;
      case Kind::float64:
        if (const auto& value = *reinterpret_cast<const Opt<double>*>(at)) fixed64(info, *value);
        return;
      case Kind::structure:
        if (const char* inner = *reinterpret_cast<const char* const*>(at)) element(info, inner);
        return;
      case Kind::string:
        if (reinterpret_cast<const Str*>(at)->is_set()) element(info, at);
        return;
      case Kind::bytes: single(info, at); return;
      case Kind::time:
      case Kind::micro_time:
        if (reinterpret_cast<const Time*>(at)->set) element(info, at);
        return;
      case Kind::duration:
        if (const auto& value = *reinterpret_cast<const Opt<std::int64_t>*>(at)) element(info, reinterpret_cast<const char*>(&*value));
        return;
      case Kind::quantity:
      case Kind::raw:
      case Kind::json:
        if (reinterpret_cast<const Str*>(at)->is_set()) element(info, at);
        return;
      case Kind::int_or_string:
        if (*reinterpret_cast<const IntOrString*>(at)) element(info, at);
        return;
      case Kind::strings: single(info, at); return;
    }
  }
  template <class T>
  void opt(const FieldInfo& info, const char* at) {
    if (const auto& value = *reinterpret_cast<const Opt<T>*>(at)) number(info, widen(*value));
  }

  // A length-delimited value under info.number.
  void element(const FieldInfo& info, const char* at) {
    if (info.kind == Kind::string || info.kind == Kind::bytes) return string_field(info.number, *reinterpret_cast<const Str*>(at));
    const std::size_t end = size();
    content(info, at);
    length_field(info.number, end);
  }

  void content(const FieldInfo& info, const char* at) {
    switch (info.kind) {
      case Kind::structure: message(*info.type, at); return;
      case Kind::time:
      case Kind::micro_time: time(*reinterpret_cast<const Time*>(at)); return;
      case Kind::duration:
        varint(widen(*reinterpret_cast<const std::int64_t*>(at)));
        tag(1, 0);
        return;
      case Kind::quantity: {
        const Str& text = reinterpret_cast<const QuantityText*>(at)->text;
        string_field(1, text.empty() ? std::string_view("0") : text.view());
        return;
      }
      case Kind::int_or_string: int_or_string(*reinterpret_cast<const IntOrString*>(at)); return;
      case Kind::strings: {
        const auto& strings = *reinterpret_cast<const List<Str>*>(at);
        for (std::size_t i = strings.size(); i-- > 0;) string_field(1, strings[i]);
        return;
      }
      case Kind::raw:
      case Kind::json:
        if (const Str& json = reinterpret_cast<const Raw*>(at)->json; json.is_set()) string_field(1, json);
        return;
      default: return;
    }
  }
  void time(const Time& time) {
    if (!time.set) return;
    varint(widen(time.nanos));
    tag(2, 0);
    varint(widen(time.seconds));
    tag(1, 0);
  }
  void int_or_string(const IntOrString& value) {
    string_field(3, value.text);
    varint(widen(value.number));
    tag(2, 0);
    varint(value.is_string());
    tag(1, 0);
  }

  void list(const FieldInfo& info, const RawList& list) {
    const std::size_t size = element_size(info);
    for (std::size_t i = list.size(); i-- > 0;) {
      const char* at = list.data() + i * size;
      switch (info.kind) {
        case Kind::boolean:
        case Kind::int32:
        case Kind::int64:
        case Kind::float64: single(info, at); break;
        default: element(info, at);
      }
    }
  }
  void map(const FieldInfo& info, const RawList& entries) {
    const std::size_t size = sizeof(Str) + element_size(info);
    FieldInfo value = info;
    value.number = 2;
    for (std::size_t i = entries.size(); i-- > 0;) {
      const char* at = entries.data() + i * size;
      const std::size_t end = this->size();
      if (info.kind == Kind::strings)
        element(value, at + sizeof(Str));
      else
        single(value, at + sizeof(Str));
      string_field(1, *reinterpret_cast<const Str*>(at));
      length_field(info.number, end);
    }
  }

  std::string buffer_;
  std::size_t at_ = 0;
};

Encoder& thread_encoder() {
  thread_local Encoder encoder;
  encoder.clear();
  return encoder;
}

// Field 2 (raw) is in the encoder already, ended by contentEncoding and contentType, which upstream always writes.
void finish_envelope(Encoder& encoder, std::string_view api_version, std::string_view kind, std::string& out) {
  const std::size_t end = encoder.size();
  encoder.string_field(2, kind);
  encoder.string_field(1, api_version);
  encoder.length_field(1, end);
  encoder.bytes(protobuf_magic);
  out.append(encoder.done());
}

}  // namespace

void encode_protobuf_message(const TypeInfo& type, const void* structure, std::string& out) {
  Encoder& encoder = thread_encoder();
  encoder.message(type, static_cast<const char*>(structure));
  out.append(encoder.done());
}

void encode_protobuf(const Object& object, std::string& out) {
  Encoder& encoder = thread_encoder();
  encoder.string_field(4, {});
  encoder.string_field(3, {});
  const std::size_t end = encoder.size();
  encoder.message(object.type(), reinterpret_cast<const char*>(&object));
  encoder.length_field(2, end);
  finish_envelope(encoder, api_version(object.type()), object.type().name, out);
}

void wrap_envelope(std::string_view api_version, std::string_view kind, std::string_view message, std::string& out) {
  Encoder& encoder = thread_encoder();
  encoder.string_field(4, {});
  encoder.string_field(3, {});
  encoder.string_field(2, message);
  finish_envelope(encoder, api_version, kind, out);
}

}  // namespace plumb::api
