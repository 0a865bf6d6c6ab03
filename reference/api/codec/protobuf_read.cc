#include <algorithm>
#include <cstring>

#include "reference/api/codec/map_entries.h"
#include "reference/api/codec/protobuf.h"
#include "reference/api/text/quantity.h"
#include "reference/api/walk.h"

namespace plumb::api {
namespace {

constexpr int max_protobuf_depth = 512;  // as in JSON: whatever came in as JSON can be read again

class ProtobufReader {
 public:
  explicit ProtobufReader(std::string_view bytes) : at_(bytes.data()), end_(bytes.data() + bytes.size()) {}
  bool more() const { return at_ < end_; }
  const char* at() const { return at_; }
  // Passes these bytes when they come next.
  bool take(std::string_view expected) {
    if (static_cast<std::size_t>(end_ - at_) < expected.size()) return false;
    for (std::size_t i = 0; i < expected.size(); ++i)
      if (at_[i] != expected[i]) return false;
    at_ += expected.size();
    return true;
  }

  bool varint(std::uint64_t& value) {
    if (at_ != end_ && static_cast<signed char>(*at_) >= 0) [[likely]] return value = static_cast<unsigned char>(*at_++), true;
    return long_varint(value);
  }
  bool long_varint(std::uint64_t& value) {
    value = 0;
    for (int shift = 0; shift < 70; shift += 7) {
      if (at_ == end_) return false;
      const auto byte = static_cast<unsigned char>(*at_++);
      value |= static_cast<std::uint64_t>(byte & 127) << shift;
      if (byte < 128) return true;
    }
    return false;
  }
  bool tag(std::uint32_t& number, unsigned& wire) {
    std::uint64_t value;
    if (!varint(value) || value >> 3 == 0 || value >> 32) return false;
    number = static_cast<std::uint32_t>(value >> 3);
    wire = value & 7;
    return true;
  }
  bool bytes(std::string_view& out) {
    std::uint64_t size;
    if (!varint(size) || size > static_cast<std::uint64_t>(end_ - at_)) return false;
    out = {at_, static_cast<std::size_t>(size)};
    at_ += size;
    return true;
  }
  bool fixed(void* out, std::size_t size) {
    if (static_cast<std::size_t>(end_ - at_) < size) return false;
    if (out) std::memcpy(out, at_, size);
    at_ += size;
    return true;
  }
  bool skip(unsigned wire, int depth = 0) {
    std::uint64_t number;
    std::string_view ignored;
    switch (wire) {
      case 0: return varint(number);
      case 1: return fixed(nullptr, 8);
      case 2: return bytes(ignored);
      case 3: return depth < max_protobuf_depth && skip_group(depth);
      case 5: return fixed(nullptr, 4);
      default: return false;
    }
  }

 private:
  bool skip_group(int depth) {
    for (;;) {
      std::uint32_t number;
      unsigned wire;
      if (!tag(number, wire)) return false;
      if (wire == 4) return true;
      if (!skip(wire, depth + 1)) return false;
    }
  }
  const char* at_;
  const char* end_;
};

class Decoder {
 public:
  explicit Decoder(ListScratch& lists) : lists_(lists) {}

  // Appends to what `structure` holds; false on malformed input.
  bool read(const TypeInfo& type, char* structure, std::string_view input) {
    if (!message(type, structure, input, 0)) return false;
    if (in_parts_) [[unlikely]] finish_parts(type, structure);
    return true;
  }

 private:
  bool message(const TypeInfo& type, char* structure, std::string_view input, int depth) {
    if (depth > max_protobuf_depth) return false;
    ProtobufReader reader(input);
    const FieldInfo* hint = type.wire_fields.data();
    const FieldInfo* const end = hint + type.wire_fields.size();
    while (reader.more()) {
      const char* const start = reader.at();
      std::uint32_t number;
      unsigned wire;
      if (!reader.tag(number, wire)) return false;
      const std::string_view tag(start, static_cast<std::size_t>(reader.at() - start));
      while (hint != end && hint->number < number) ++hint;
      const FieldInfo* info = hint != end && hint->number == number ? hint : type.wire_field(number);
      if (!info) {
        if (!reader.skip(wire)) return false;
        continue;
      }
      hint = info;
      char* const at = structure + info->offset;
      switch (info->shape) {
        case Shape::single:
          if (!single(*info, at, reader, wire, depth)) return false;
          break;
        case Shape::optional:
          if (!optional(*info, at, reader, wire, depth)) return false;
          break;
        case Shape::list:
        case Shape::map:
          if (!run(*info, *reinterpret_cast<RawList*>(at), reader, tag, wire, depth)) return false;
      }
    }
    return true;
  }

  static std::size_t stride(const FieldInfo& info) { return element_size(info) + (info.shape == Shape::map ? sizeof(Str) : 0); }

  // All elements that follow one another; usually that is all there are.
  bool run(const FieldInfo& info, RawList& list, ProtobufReader& reader, std::string_view tag, unsigned wire, int depth) {
    const std::size_t size = stride(info);
    const bool first = !list.header;
    {
      ListScratch::Building building(lists_, list, size);
      do {
        if (!(info.shape == Shape::map ? map_entry(info, building.append_zero(), reader, wire, depth) : item(info, building, reader, wire, depth))) return false;
      } while (reader.take(tag));
    }
    if (!first)
      in_parts_ = true;
    else if (info.shape == Shape::map)
      sort(info, list);  // upstream writes maps sorted, other writers may not
    return true;
  }

  // Of several entries with one key the last counts, as Go's decoder has it.
  static void sort(const FieldInfo& info, RawList& map) {
    const std::size_t size = stride(info);
    if (!sort_entries(map, size)) return;
    const auto entry = [&](std::uint32_t i) { return map.data() + i * size; };
    FieldInfo value = info;
    value.shape = Shape::single;
    std::uint32_t kept = 0;
    for (std::uint32_t i = 0; i < map.size(); ++i) {
      if (i + 1 < map.size() && entry_key(entry(i)) == entry_key(entry(i + 1))) {
        reinterpret_cast<Str*>(entry(i))->~Str();
        destroy_field(value, entry(i) + sizeof(Str));
        continue;
      }
      if (kept != i) std::memcpy(entry(kept), entry(i), size);
      ++kept;
    }
    map.header->size = kept;
    map.shrink(size);
  }

  // Sorts and cuts to size the lists that came in parts. Once, at the end: a client may send any number of parts.
  static void finish_parts(const TypeInfo& type, char* structure) {
    for (const FieldInfo& info : type.wire_fields) {
      char* const at = structure + info.offset;
      if (info.shape == Shape::list || info.shape == Shape::map) {
        auto& list = *reinterpret_cast<RawList*>(at);
        const std::size_t size = stride(info), key = info.shape == Shape::map ? sizeof(Str) : 0;
        if (key) sort(info, list);
        list.shrink(size);
        for (std::uint32_t i = 0; info.kind == Kind::structure && i < list.size(); ++i) finish_parts(*info.type, list.data() + i * size + key);
      } else if (info.kind == Kind::structure) {
        char* const inner = info.shape == Shape::optional ? *reinterpret_cast<char**>(at) : at;
        if (inner) finish_parts(*info.type, inner);
      }
    }
  }

  bool single(const FieldInfo& info, char* at, ProtobufReader& reader, unsigned wire, int depth) {
    std::uint64_t number;
    switch (info.kind) {
      case Kind::boolean:
        if (wire != 0 || !reader.varint(number)) return false;
        *reinterpret_cast<bool*>(at) = number != 0;
        return true;
      case Kind::int32:
        if (wire != 0 || !reader.varint(number)) return false;
        *reinterpret_cast<std::int32_t*>(at) = static_cast<std::int32_t>(number);
        return true;
      case Kind::int64:
        if (wire != 0 || !reader.varint(number)) return false;
        *reinterpret_cast<std::int64_t*>(at) = static_cast<std::int64_t>(number);
        return true;
      case Kind::float64: return wire == 1 && reader.fixed(at, 8);
      default: {
        std::string_view bytes;
        return wire == 2 && reader.bytes(bytes) && element(info, at, bytes, depth);
      }
    }
  }

  bool optional(const FieldInfo& info, char* at, ProtobufReader& reader, unsigned wire, int depth) {
    switch (info.kind) {
      case Kind::boolean: return opt<bool>(info, at, reader, wire, depth);
      case Kind::int32: return opt<std::int32_t>(info, at, reader, wire, depth);
      case Kind::int64: return opt<std::int64_t>(info, at, reader, wire, depth);
      case Kind::float64: return opt<double>(info, at, reader, wire, depth);
      case Kind::duration: return opt<std::int64_t>(info, at, reader, wire, depth);
      case Kind::structure: {
        char*& inner = *reinterpret_cast<char**>(at);
        if (!inner) inner = allocate_zero(info.type->size);
        return single(info, inner, reader, wire, depth);
      }
      default: return single(info, at, reader, wire, depth);
    }
  }
  template <class T>
  bool opt(const FieldInfo& info, char* at, ProtobufReader& reader, unsigned wire, int depth) {
    T value{};
    if (!single(info, reinterpret_cast<char*>(&value), reader, wire, depth)) return false;
    *reinterpret_cast<Opt<T>*>(at) = value;
    return true;
  }

  bool element(const FieldInfo& info, char* at, std::string_view bytes, int depth) {
    switch (info.kind) {
      case Kind::string:
      case Kind::bytes: *reinterpret_cast<Str*>(at) = Str(bytes); return true;
      case Kind::structure:
        if (info.type->is_object) std::memcpy(at, &info.type, sizeof info.type);
        return message(*info.type, at, bytes, depth + 1);
      case Kind::time:
      case Kind::micro_time: return time(*reinterpret_cast<Time*>(at), bytes);
      case Kind::duration: return duration(*reinterpret_cast<std::int64_t*>(at), bytes);
      case Kind::quantity: return quantity(*reinterpret_cast<QuantityText*>(at), bytes);
      case Kind::int_or_string: return int_or_string(*reinterpret_cast<IntOrString*>(at), bytes);
      case Kind::strings: return each(bytes, [&](unsigned number, unsigned wire, ProtobufReader& reader) {
        std::string_view text;
        if (number != 1 || wire != 2) return reader.skip(wire);
        if (!reader.bytes(text)) return false;
        reinterpret_cast<List<Str>*>(at)->push_back(Str(text));
        return true;
      });
      case Kind::raw:
      case Kind::json: return raw(*reinterpret_cast<Raw*>(at), bytes);
      default: return false;
    }
  }

  template <class Visit>
  static bool each(std::string_view bytes, Visit visit) {
    ProtobufReader reader(bytes);
    while (reader.more()) {
      std::uint32_t number;
      unsigned wire;
      if (!reader.tag(number, wire) || !visit(number, wire, reader)) return false;
    }
    return true;
  }
  static bool time(Time& out, std::string_view bytes) {
    std::uint64_t number;
    out.set = !bytes.empty();
    return each(bytes, [&](unsigned field, unsigned wire, ProtobufReader& reader) {
      if (wire != 0) return reader.skip(wire);
      if (!reader.varint(number)) return false;
      if (field == 1) out.seconds = static_cast<std::int64_t>(number);
      if (field == 2) out.nanos = static_cast<std::int32_t>(number);
      return true;
    });
  }
  static bool duration(std::int64_t& out, std::string_view bytes) {
    return each(bytes, [&](unsigned field, unsigned wire, ProtobufReader& reader) {
      std::uint64_t number;
      if (wire != 0) return reader.skip(wire);
      if (!reader.varint(number)) return false;
      if (field == 1) out = static_cast<std::int64_t>(number);
      return true;
    });
  }
  static bool quantity(QuantityText& out, std::string_view bytes) {
    return each(bytes, [&](unsigned field, unsigned wire, ProtobufReader& reader) {
      std::string_view text;
      if (field != 1 || wire != 2) return reader.skip(wire);
      if (!reader.bytes(text)) return false;
      if (is_canonical_quantity(text)) return out.text = Str(text), true;
      const Result<std::string> canonical = canonical_quantity(text);
      if (canonical.ok()) out.text = Str(*canonical);
      return canonical.ok();
    });
  }
  static bool int_or_string(IntOrString& out, std::string_view bytes) {
    out.kind = IntOrString::Kind::integer;
    return each(bytes, [&](unsigned field, unsigned wire, ProtobufReader& reader) {
      std::uint64_t number;
      std::string_view text;
      if (field == 3 && wire == 2) {
        if (!reader.bytes(text)) return false;
        out.text = text.empty() ? Str() : Str(text);
        return true;
      }
      if (wire != 0 || field > 2) return reader.skip(wire);
      if (!reader.varint(number)) return false;
      if (field == 1) out.kind = number == 1 ? IntOrString::Kind::string : IntOrString::Kind::integer;
      if (field == 2) out.number = static_cast<std::int32_t>(number);
      return true;
    });
  }
  static bool raw(Raw& out, std::string_view bytes) {
    return each(bytes, [&](unsigned field, unsigned wire, ProtobufReader& reader) {
      std::string_view text;
      if (field != 1 || wire != 2) return reader.skip(wire);
      if (!reader.bytes(text)) return false;
      out.json = Str(text);
      return true;
    });
  }

  // One element, or several packed numbers.
  bool item(const FieldInfo& info, ListScratch::Building& building, ProtobufReader& reader, unsigned wire, int depth) {
    const bool numeric = info.kind == Kind::int32 || info.kind == Kind::int64 || info.kind == Kind::boolean;
    if (!numeric || wire != 2) return single(info, building.append_zero(), reader, wire, depth);
    std::string_view packed;
    if (!reader.bytes(packed)) return false;
    ProtobufReader inner(packed);
    while (inner.more())
      if (!single(info, building.append_zero(), inner, 0, depth)) return false;
    return true;
  }

  bool map_entry(const FieldInfo& info, char* entry, ProtobufReader& reader, unsigned wire, int depth) {
    std::string_view bytes;
    *reinterpret_cast<Str*>(entry) = Str(std::string_view());
    if (wire != 2 || !reader.bytes(bytes)) return false;
    return each(bytes, [&](unsigned number, unsigned inner_wire, ProtobufReader& inner) {
      std::string_view text;
      if (number == 2) return single(info, entry + sizeof(Str), inner, inner_wire, depth);
      if (number != 1 || inner_wire != 2) return inner.skip(inner_wire);
      if (!inner.bytes(text)) return false;
      *reinterpret_cast<Str*>(entry) = Str(text);
      return true;
    });
  }

  ListScratch& lists_;
  bool in_parts_ = false;
};

Error malformed(std::string_view what) {
  return fail(Code::invalid_argument, "decoding protobuf: malformed or truncated " + std::string(what), "BadRequest");
}

}  // namespace

Result<Envelope> open_envelope(std::string_view bytes) {
  if (!bytes.starts_with(protobuf_magic))
    return fail(Code::invalid_argument, "decoding protobuf: the body does not start with the four bytes \"k8s\\0\"", "BadRequest");
  ProtobufReader reader(bytes.substr(protobuf_magic.size()));
  Envelope envelope;
  while (reader.more()) {
    std::uint32_t number;
    unsigned wire;
    std::string_view text;
    if (!reader.tag(number, wire)) return malformed("envelope");
    if (wire != 2) {
      if (!reader.skip(wire)) return malformed("envelope");
      continue;
    }
    if (!reader.bytes(text)) return malformed("envelope");
    if (number == 2) envelope.raw = text;
    if (number == 4) envelope.content_type = text;
    if (number != 1) continue;
    ProtobufReader meta(text);
    while (meta.more()) {
      std::string_view value;
      if (!meta.tag(number, wire) || wire != 2 || !meta.bytes(value)) return malformed("envelope");
      (number == 1 ? envelope.api_version : envelope.kind) = value;
    }
  }
  return envelope;
}

Result<std::shared_ptr<Object>> decode_protobuf_message(const TypeInfo& type, std::string_view message) {
  std::shared_ptr<Object> object = type.make();
  PLUMB_TRY(decode_protobuf_into(type, object.get(), message));
  return object;
}

Result<std::shared_ptr<Object>> decode_protobuf(std::string_view enveloped) {
  const Envelope envelope = PLUMB_TRY(open_envelope(enveloped));
  const TypeInfo* type = find_type(envelope.api_version, envelope.kind);
  if (!type || !type->is_object)
    return fail(Code::invalid_argument,
                "no kind \"" + std::string(envelope.kind) + "\" is registered for version \"" + std::string(envelope.api_version) + "\"", "BadRequest");
  return decode_protobuf_message(*type, envelope.raw);
}

Status decode_protobuf_into(const TypeInfo& type, void* structure, std::string_view message) {
  thread_local ListScratch lists;
  const bool done = Decoder(lists).read(type, static_cast<char*>(structure), message);
  lists.trim();
  if (!done) return malformed(type.name);
  return {};
}

}  // namespace plumb::api
