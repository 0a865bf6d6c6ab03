#include <charconv>
#include <cmath>

#include "harness/base/encoding.h"
#include "reference/api/codec/json.h"
#include "reference/api/text/time.h"

namespace plumb::api {
namespace {

constexpr char hex[] = "0123456789abcdef";

// Characters that need no escape: everything from 0x20 but '"', '\\', and what Go escapes for HTML's sake. U+2028/9 start with 0xe2.
struct PlainTable {
  bool plain[256] = {};
  constexpr PlainTable() {
    for (int c = 0x20; c < 256; ++c) plain[c] = c != '"' && c != '\\' && c != '<' && c != '>' && c != '&' && c != 0xe2;
  }
};
constexpr PlainTable plain_table;

void append_escaped(std::string_view text, std::size_t& i, std::string& out) {
  const auto c = static_cast<unsigned char>(text[i]);
  switch (c) {
    case '"': out += "\\\""; return;
    case '\\': out += "\\\\"; return;
    case '\n': out += "\\n"; return;
    case '\r': out += "\\r"; return;
    case '\t': out += "\\t"; return;
    case '\b': out += "\\b"; return;
    case '\f': out += "\\f"; return;
    default: break;
  }
  if (c == 0xe2) {
    if (i + 2 < text.size() && static_cast<unsigned char>(text[i + 1]) == 0x80 && (static_cast<unsigned char>(text[i + 2]) & 0xfe) == 0xa8) {
      out += "\\u202";
      out += hex[text[i + 2] & 15];
      i += 2;
    } else {
      out += static_cast<char>(c);
    }
    return;
  }
  out += "\\u00";
  out += hex[c >> 4];
  out += hex[c & 15];
}

class Writer {
 public:
  explicit Writer(std::string& out) : out_(out) {}

  void structure(const TypeInfo& type, const char* at, bool top) {
    if (type.is_union) return alternative(type, at);
    out_ += '{';
    bool first = true;
    if (top && type.has_type_meta) {
      out_ += "\"kind\":\"";
      out_ += type.name;
      out_ += "\",\"apiVersion\":\"";
      if (!type.group.empty()) out_.append(type.group) += '/';
      out_ += type.version;
      out_ += '"';
      first = false;
    }
    for (const FieldInfo& info : type.json_fields) {
      if (omitted(info, at + info.offset)) continue;
      if (!first) out_ += ',';
      first = false;
      out_ += '"';
      out_ += info.name;
      out_ += "\":";
      field(info, at + info.offset);
    }
    out_ += '}';
  }

 private:
  template <class T>
  static const T& as(const char* at) {
    return *reinterpret_cast<const T*>(at);
  }

  static bool omitted(const FieldInfo& info, const char* at) {
    if (info.shape == Shape::optional) return absent(info, at);
    if (info.shape != Shape::single) return info.omit_empty && as<RawList>(at).size() == 0;
    if (info.omit_zero && (info.kind == Kind::time || info.kind == Kind::micro_time)) return !as<Time>(at).set;
    if (!info.omit_empty) return false;
    switch (info.kind) {
      case Kind::string:
      case Kind::bytes: return as<Str>(at).empty();
      case Kind::boolean: return !as<bool>(at);
      case Kind::int32: return as<std::int32_t>(at) == 0;
      case Kind::int64: return as<std::int64_t>(at) == 0;
      case Kind::float64: return as<double>(at) == 0;
      case Kind::strings: return as<RawList>(at).size() == 0;
      default: return false;
    }
  }
  static bool absent(const FieldInfo& info, const char* at) {
    switch (info.kind) {
      case Kind::structure: return as<const char*>(at) == nullptr;
      case Kind::boolean: return !as<Opt<bool>>(at);
      case Kind::int32: return !as<Opt<std::int32_t>>(at);
      case Kind::int64:
      case Kind::duration: return !as<Opt<std::int64_t>>(at);
      case Kind::float64: return !as<Opt<double>>(at);
      case Kind::time:
      case Kind::micro_time: return !as<Time>(at).set;
      case Kind::int_or_string: return !as<IntOrString>(at);
      case Kind::strings: return as<RawList>(at).size() == 0;
      case Kind::string:
      case Kind::bytes:
      case Kind::quantity:
      case Kind::raw:
      case Kind::json: return !as<Str>(at).is_set();
    }
    return true;
  }

  void field(const FieldInfo& info, const char* at) {
    switch (info.shape) {
      case Shape::single: value(info, at); return;
      case Shape::optional: value(info, inner(info, at)); return;
      case Shape::list: list(info, as<RawList>(at)); return;
      case Shape::map: map(info, as<RawList>(at)); return;
    }
  }
  // Where the value of a present optional field stands.
  static const char* inner(const FieldInfo& info, const char* at) {
    switch (info.kind) {
      case Kind::structure: return as<const char*>(at);
      case Kind::boolean: return reinterpret_cast<const char*>(&*as<Opt<bool>>(at));
      case Kind::int32: return reinterpret_cast<const char*>(&*as<Opt<std::int32_t>>(at));
      case Kind::int64:
      case Kind::duration: return reinterpret_cast<const char*>(&*as<Opt<std::int64_t>>(at));
      case Kind::float64: return reinterpret_cast<const char*>(&*as<Opt<double>>(at));
      default: return at;
    }
  }

  void value(const FieldInfo& info, const char* at) {
    switch (info.kind) {
      case Kind::string: append_json_string(as<Str>(at), out_); return;
      case Kind::boolean: out_ += as<bool>(at) ? "true" : "false"; return;
      case Kind::int32: number(as<std::int32_t>(at)); return;
      case Kind::int64: number(as<std::int64_t>(at)); return;
      case Kind::float64: floating(as<double>(at)); return;
      case Kind::bytes: bytes(as<Bytes>(at)); return;
      case Kind::time: time(as<Time>(at)); return;
      case Kind::micro_time: micro_time(as<MicroTime>(at)); return;
      case Kind::duration:
        out_ += '"';
        out_ += format_duration(plumb::Duration(as<std::int64_t>(at)));
        out_ += '"';
        return;
      case Kind::quantity: quantity(as<QuantityText>(at)); return;
      case Kind::int_or_string: int_or_string(as<IntOrString>(at)); return;
      case Kind::strings: strings(as<List<Str>>(at)); return;
      case Kind::raw:
      case Kind::json: out_ += as<Raw>(at) ? as<Raw>(at).json.view() : std::string_view("null"); return;
      case Kind::structure: structure(*info.type, at, false); return;
    }
  }
  // A list with elements or a struct goes before a flag, which is there in any case.
  void alternative(const TypeInfo& type, const char* at) {
    const FieldInfo* flag = nullptr;
    for (const FieldInfo& info : type.json_fields) {
      if (info.kind == Kind::boolean) flag = &info;
      const bool set = info.shape == Shape::list ? as<RawList>(at + info.offset).size() > 0 : info.shape == Shape::optional && !absent(info, at + info.offset);
      if (set) return field(info, at + info.offset);
    }
    if (flag) return field(*flag, at + flag->offset);
    out_ += "null";
  }
  void number(std::int64_t value) {
    char text[24];
    out_.append(text, static_cast<std::size_t>(std::to_chars(text, text + sizeof text, value).ptr - text));
  }
  // As Go prints floats: plain between 1e-6 and 1e21, else with an exponent.
  void floating(double value) {
    char text[64];
    const double size = std::fabs(value);
    const bool plain = value == 0 || (size >= 1e-6 && size < 1e21);
    const auto format = plain ? std::chars_format::fixed : std::chars_format::scientific;
    out_.append(text, static_cast<std::size_t>(std::to_chars(text, text + sizeof text, value, format).ptr - text));
  }
  void bytes(const Bytes& bytes) {
    if (!bytes.data.is_set()) {
      out_ += "null";
      return;
    }
    out_ += '"';
    out_ += base64_encode(bytes.data);
    out_ += '"';
  }
  void time(const Time& time) {
    if (!time.set) {
      out_ += "null";
      return;
    }
    out_ += '"';
    out_ += format_time(time.wall());
    out_ += '"';
  }
  void micro_time(const MicroTime& time) {
    if (!time.set) {
      out_ += "null";
      return;
    }
    out_ += '"';
    out_ += format_micro_time(time.wall());
    out_ += '"';
  }
  void quantity(const QuantityText& quantity) {
    out_ += '"';
    out_ += quantity.text.empty() ? std::string_view("0") : quantity.text.view();
    out_ += '"';
  }
  void int_or_string(const IntOrString& value) {
    if (value.is_string())
      append_json_string(value.text, out_);
    else
      number(value.number);
  }
  void strings(const List<Str>& strings) {
    if (strings.empty()) {
      out_ += "null";
      return;
    }
    char separator = '[';
    for (const Str& text : strings) {
      out_ += separator;
      append_json_string(text, out_);
      separator = ',';
    }
    out_ += ']';
  }
  void list(const FieldInfo& info, const RawList& list) {
    if (list.size() == 0) {
      out_ += "null";
      return;
    }
    const std::size_t size = element_size(info);
    for (std::size_t i = 0; i < list.size(); ++i) {
      out_ += i ? ',' : '[';
      value(info, list.data() + i * size);
    }
    out_ += ']';
  }
  void map(const FieldInfo& info, const RawList& entries) {
    if (entries.size() == 0) {
      out_ += "null";
      return;
    }
    const std::size_t size = sizeof(Str) + element_size(info);
    for (std::size_t i = 0; i < entries.size(); ++i) {
      const char* at = entries.data() + i * size;
      out_ += i ? ',' : '{';
      append_json_string(as<Str>(at), out_);
      out_ += ':';
      value(info, at + sizeof(Str));
    }
    out_ += '}';
  }

  std::string& out_;
};

}  // namespace

void append_json_string(std::string_view text, std::string& out) {
  out += '"';
  std::size_t start = 0;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (plain_table.plain[static_cast<unsigned char>(text[i])]) continue;
    out.append(text, start, i - start);
    append_escaped(text, i, out);
    start = i + 1;
  }
  out.append(text, start, text.size() - start);
  out += '"';
}

void encode_json(const TypeInfo& type, const void* structure, std::string& out) { Writer(out).structure(type, static_cast<const char*>(structure), true); }
void encode_json(const Object& object, std::string& out) { encode_json(object.type(), &object, out); }

}  // namespace plumb::api
