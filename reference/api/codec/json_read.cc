#include <simdjson.h>

#include <bitset>
#include <limits>

#include "harness/base/encoding.h"
#include "reference/api/codec/json.h"
#include "reference/api/text/quantity.h"
#include "reference/api/text/time.h"
#include "reference/api/walk.h"

namespace plumb::api {
namespace {

namespace od = simdjson::ondemand;
using simdjson::error_code;
using simdjson::SUCCESS;

constexpr int max_depth = 512;
constexpr std::size_t max_fields = 256;  // of one type; json_slots holds bytes

// Where the walk is, for messages; text is made only when one is needed.
struct Place {
  const Place* parent = nullptr;
  std::string_view name = {};
  std::ptrdiff_t index = -1;

  std::string text() const {
    std::string out = parent ? parent->text() : "";
    if (index >= 0) return out + "[" + std::to_string(index) + "]";
    if (name.empty()) return out;
    return out.empty() ? std::string(name) : out + "." + std::string(name);
  }
};

// One parser a thread, with room for the padding that simdjson reads past the end.
struct Workspace {
  od::parser parser;
  std::string buffer;

  simdjson::padded_string_view fill(std::string_view json) {
    if (buffer.size() < json.size() + simdjson::SIMDJSON_PADDING) buffer.resize(std::max(buffer.size() * 2, json.size() + simdjson::SIMDJSON_PADDING));
    std::memcpy(buffer.data(), json.data(), json.size());
    std::memset(buffer.data() + json.size(), 0, simdjson::SIMDJSON_PADDING);
    return simdjson::padded_string_view(buffer.data(), json.size(), buffer.size());
  }
  // A single huge document does not keep its memory for ever.
  void trim() {
    if (buffer.size() <= std::size_t{1} << 20) return;
    std::string().swap(buffer);
    parser = od::parser();
  }
};
Workspace& workspace() {
  thread_local Workspace instance;
  return instance;
}

class Reader {
 public:
  Reader(const TypeInfo& top, DecodeReport* report) : top_(top), report_(report) {}

  Status read(char* structure, std::string_view json) {
    Workspace& work = workspace();
    od::document document;
    error_code code = work.parser.iterate(work.fill(json)).get(document);
    od::object object;
    if (!code) code = document.get_object().get(object);
    if (code == simdjson::INCORRECT_TYPE) return fail(Code::invalid_argument, "json: cannot unmarshal into Go value of type " + go_type(top_) + ": not an object", "BadRequest");
    Status done = code ? malformed(code) : members(object, top_, structure, Place{}, 0, true);
    if (done.ok() && document.current_location().error() != simdjson::OUT_OF_BOUNDS) done = fail(Code::invalid_argument, "malformed JSON: data after the top-level value", "BadRequest");
    work.trim();
    return done;
  }

 private:
  static Status malformed(error_code code) {
    return fail(Code::invalid_argument, std::string("malformed JSON: ") + simdjson::error_message(code), "BadRequest");
  }
  static std::string go_type(const TypeInfo& type) { return std::string(type.version) + "." + std::string(type.name); }
  static std::string go_type(const FieldInfo& info) {
    std::string name;
    switch (info.kind) {
      case Kind::string: name = "string"; break;
      case Kind::boolean: name = "bool"; break;
      case Kind::int32: name = "int32"; break;
      case Kind::int64: name = "int64"; break;
      case Kind::float64: name = "float64"; break;
      case Kind::structure: name = go_type(*info.type); break;
      case Kind::bytes: name = "[]uint8"; break;
      case Kind::strings: name = "[]string"; break;
      case Kind::time:
      case Kind::micro_time: name = "v1.Time"; break;
      case Kind::duration: name = "v1.Duration"; break;
      case Kind::quantity: name = "resource.Quantity"; break;
      case Kind::int_or_string: name = "intstr.IntOrString"; break;
      case Kind::raw: name = "runtime.RawExtension"; break;
      case Kind::json: name = "v1.JSON"; break;
    }
    if (info.shape == Shape::list) return "[]" + name;
    if (info.shape == Shape::map) return "map[string]" + name;
    return name;
  }
  static std::string_view json_kind(od::value& value) {
    od::json_type type;
    if (value.type().get(type)) return "value";
    switch (type) {
      case od::json_type::array: return "array";
      case od::json_type::object: return "object";
      case od::json_type::number: return "number";
      case od::json_type::string: return "string";
      case od::json_type::boolean: return "bool";
      case od::json_type::null: return "null";
    }
    return "value";
  }
  Status wrong_type(od::value& value, const FieldInfo& info, const Place& place) {
    return fail(Code::invalid_argument,
                "json: cannot unmarshal " + std::string(json_kind(value)) + " into Go struct field " + std::string(top_.name) + "." + place.text() + " of type " + go_type(info),
                "BadRequest");
  }
  static Status bad_value(const Place& place, std::string_view why) {
    return fail(Code::invalid_argument, place.text() + ": " + std::string(why), "BadRequest");
  }
  // Null leaves a field as it is, as Go does; anything else of another type is an error.
  Status null_or_wrong(od::value& value, const FieldInfo& info, const Place& place, error_code code) {
    if (code != simdjson::INCORRECT_TYPE) return number_or_malformed(value, info, place, code);
    bool null = false;
    if (!value.is_null().get(null) && null) return {};
    return wrong_type(value, info, place);
  }
  Status number_or_malformed(od::value& value, const FieldInfo& info, const Place& place, error_code code) {
    if (code == simdjson::NUMBER_ERROR || code == simdjson::NUMBER_OUT_OF_RANGE) return wrong_type(value, info, place);
    return malformed(code);
  }

  void report(const char* what, const Place& place) {
    if (!report_) return;
    ++report_->total;
    if (report_->problems.size() < 100) report_->problems.push_back(std::string(what) + " field \"" + place.text() + "\"");
  }

  // The key without copying when it holds no escape.
  static error_code key_of(od::field& field, std::string_view& key) {
    const char* start = field.key().raw();
    const char* at = start;
    while (*at != '"' && *at != '\\' && static_cast<unsigned char>(*at) >= 0x20) ++at;
    if (*at == '"') {
      key = {start, static_cast<std::size_t>(at - start)};
      return SUCCESS;
    }
    return field.unescaped_key().get(key);
  }

  Status members(od::object& object, const TypeInfo& type, char* at, const Place& place, int depth, bool top) {
    if (depth > max_depth) return malformed(simdjson::DEPTH_ERROR);
    std::bitset<max_fields> seen;
    bool seen_kind = false, seen_version = false;
    std::size_t expected = 0;
    for (auto next : object) {
      od::field field;
      if (const error_code code = std::move(next).get(field)) return malformed(code);
      std::string_view key;
      if (const error_code code = key_of(field, key)) return malformed(code);
      od::value value = field.value();
      const Place here{&place, key};
      const FieldInfo* info = type.json_field(key, expected);
      if (!info) {
        const bool meta = (top && type.has_type_meta) || type.is_object;
        if (meta && (key == "kind" || key == "apiVersion")) {
          bool& flag = key == "kind" ? seen_kind : seen_version;
          if (flag) report("duplicate", here);
          flag = true;
        } else {
          report("unknown", here);
        }
        PLUMB_TRY(skip(value, depth + 1));
        continue;
      }
      const std::size_t index = static_cast<std::size_t>(info - type.json_fields.data());
      expected = index + 1;
      if (seen[index]) {
        report("duplicate", here);
        clear(*info, at + info->offset);
      }
      seen[index] = true;
      if (Status done = this->field(value, *info, at + info->offset, here, depth); !done.ok()) return done;
    }
    return {};
  }

  // The last of several values wins, whole.
  static void clear(const FieldInfo& info, char* at) { destroy_field(info, at); }

  // Walks a value nobody wants, so that malformed text inside is still found.
  Status skip(od::value& value, int depth) {
    if (depth > max_depth) return malformed(simdjson::DEPTH_ERROR);
    od::json_type type;
    if (const error_code code = value.type().get(type)) return malformed(code);
    switch (type) {
      case od::json_type::object: {
        od::object object;
        if (const error_code code = value.get_object().get(object)) return malformed(code);
        for (auto next : object) {
          od::field field;
          if (const error_code code = std::move(next).get(field)) return malformed(code);
          std::string_view key;
          if (const error_code code = field.unescaped_key().get(key)) return malformed(code);
          od::value inner = field.value();
          PLUMB_TRY(skip(inner, depth + 1));
        }
        return {};
      }
      case od::json_type::array: {
        od::array array;
        if (const error_code code = value.get_array().get(array)) return malformed(code);
        for (auto next : array) {
          od::value inner;
          if (const error_code code = std::move(next).get(inner)) return malformed(code);
          PLUMB_TRY(skip(inner, depth + 1));
        }
        return {};
      }
      case od::json_type::string: return scalar(value.get_string().error());
      case od::json_type::number: return scalar(value.get_double().error());
      case od::json_type::boolean: return scalar(value.get_bool().error());
      case od::json_type::null: {
        bool null = false;
        const error_code code = value.is_null().get(null);
        return code || !null ? malformed(code ? code : simdjson::N_ATOM_ERROR) : Status();
      }
    }
    return {};
  }
  static Status scalar(error_code code) { return code ? malformed(code) : Status(); }

  Status field(od::value& value, const FieldInfo& info, char* at, const Place& place, int depth) {
    switch (info.shape) {
      case Shape::single: return single(value, info, at, place, depth);
      case Shape::optional: return optional(value, info, at, place, depth);
      case Shape::list: return list(value, info, *reinterpret_cast<RawList*>(at), place, depth);
      case Shape::map: return map(value, info, *reinterpret_cast<RawList*>(at), place, depth);
    }
    return {};
  }

  Status single(od::value& value, const FieldInfo& info, char* at, const Place& place, int depth) {
    switch (info.kind) {
      case Kind::string: {
        std::string_view text;
        if (const error_code code = value.get_string().get(text)) return null_or_wrong(value, info, place, code);
        *reinterpret_cast<Str*>(at) = Str(text);
        return {};
      }
      case Kind::boolean: return number(value.get_bool(), value, info, *reinterpret_cast<bool*>(at), place);
      case Kind::int64: return number(value.get_int64(), value, info, *reinterpret_cast<std::int64_t*>(at), place);
      case Kind::float64: return number(value.get_double(), value, info, *reinterpret_cast<double*>(at), place);
      case Kind::int32: {
        std::int64_t wide = *reinterpret_cast<std::int32_t*>(at);
        if (Status done = number(value.get_int64(), value, info, wide, place); !done.ok()) return done;
        if (wide < std::numeric_limits<std::int32_t>::min() || wide > std::numeric_limits<std::int32_t>::max()) return wrong_type(value, info, place);
        *reinterpret_cast<std::int32_t*>(at) = static_cast<std::int32_t>(wide);
        return {};
      }
      case Kind::structure: {
        if (info.type->is_union) return alternative(value, info, at, place, depth);
        od::object object;
        if (const error_code code = value.get_object().get(object)) return null_or_wrong(value, info, place, code);
        if (info.type->is_object) std::memcpy(at, &info.type, sizeof info.type);
        return members(object, *info.type, at, place, depth + 1, false);
      }
      case Kind::strings: return strings(value, info, *reinterpret_cast<List<Str>*>(at), place);
      case Kind::raw:
      case Kind::json: return raw(value, *reinterpret_cast<Raw*>(at), depth);
      case Kind::int_or_string: return int_or_string(value, info, *reinterpret_cast<IntOrString*>(at), place);
      case Kind::quantity: return quantity(value, info, *reinterpret_cast<QuantityText*>(at), place);
      default: return from_text(value, info, at, place);
    }
  }
  // A union: the form of the value tells which field it is.
  Status alternative(od::value& value, const FieldInfo& info, char* at, const Place& place, int depth) {
    od::json_type type;
    if (const error_code code = value.type().get(type)) return malformed(code);
    if (type == od::json_type::null) return skip(value, depth);
    const FieldInfo* chosen = nullptr;
    for (const FieldInfo& each : info.type->json_fields) {
      const bool list = each.shape == Shape::list, flag = each.kind == Kind::boolean;
      if (type == od::json_type::array ? list : type == od::json_type::object ? !list && !flag : type == od::json_type::boolean && flag) chosen = &each;
      // A flag says whether anything is allowed, so a struct sets it, too.
      if (flag && type == od::json_type::object) *reinterpret_cast<bool*>(at + each.offset) = true;
    }
    return chosen ? field(value, *chosen, at + chosen->offset, place, depth + 1) : wrong_type(value, info, place);
  }
  template <class T>
  Status number(simdjson::simdjson_result<T>&& parsed, od::value& value, const FieldInfo& info, T& out, const Place& place) {
    T got;
    if (const error_code code = std::move(parsed).get(got)) return null_or_wrong(value, info, place, code);
    out = got;
    return {};
  }

  // Kinds that are a string in JSON with a form of their own.
  Status from_text(od::value& value, const FieldInfo& info, char* at, const Place& place) {
    std::string_view text;
    if (const error_code code = value.get_string().get(text)) return null_or_wrong(value, info, place, code);
    switch (info.kind) {
      case Kind::bytes: {
        const auto decoded = base64_decode(text);
        if (!decoded) return bad_value(place, "illegal base64 data");
        reinterpret_cast<Bytes*>(at)->data = Str(*decoded);
        return {};
      }
      case Kind::time:
      case Kind::micro_time: {
        const Result<WallTime> parsed = parse_time(text);
        if (!parsed.ok()) return bad_value(place, parsed.error().message);
        if (info.kind == Kind::time)
          *reinterpret_cast<Time*>(at) = Time::from(*parsed);
        else
          *reinterpret_cast<MicroTime*>(at) = MicroTime::from(*parsed);
        return {};
      }
      case Kind::duration: {
        const Result<plumb::Duration> parsed = parse_duration(text);
        if (!parsed.ok()) return bad_value(place, parsed.error().message);
        *reinterpret_cast<std::int64_t*>(at) = parsed->count();
        return {};
      }
      default: return {};
    }
  }

  Status quantity(od::value& value, const FieldInfo& info, QuantityText& out, const Place& place) {
    std::string_view text;
    od::json_type type;
    if (const error_code code = value.type().get(type)) return malformed(code);
    if (type == od::json_type::null) return skip(value, 0);
    if (type == od::json_type::string) {
      if (const error_code code = value.get_string().get(text)) return malformed(code);
    } else if (type == od::json_type::number) {
      text = trim(value.raw_json_token());
      if (Status done = skip(value, 0); !done.ok()) return done;
    } else {
      return wrong_type(value, info, place);
    }
    text = trim(text);
    if (is_canonical_quantity(text)) return out.text = Str(text), Status();
    const Result<std::string> canonical = canonical_quantity(text);
    if (!canonical.ok()) return fail(Code::invalid_argument, canonical.error().message, "BadRequest");
    out.text = Str(*canonical);
    return {};
  }

  Status int_or_string(od::value& value, const FieldInfo& info, IntOrString& out, const Place& place) {
    std::string_view text;
    const error_code code = value.get_string().get(text);
    if (!code) return out = IntOrString(text), Status();
    std::int64_t wide = 0;
    bool null = false;
    if (!value.is_null().get(null) && null) return {};
    if (Status done = number(value.get_int64(), value, info, wide, place); !done.ok()) return done;
    if (wide < std::numeric_limits<std::int32_t>::min() || wide > std::numeric_limits<std::int32_t>::max()) return wrong_type(value, info, place);
    return out = IntOrString(static_cast<std::int32_t>(wide)), Status();
  }

  Status strings(od::value& value, const FieldInfo& info, List<Str>& out, const Place& place) {
    od::array array;
    if (const error_code code = value.get_array().get(array)) return null_or_wrong(value, info, place, code);
    for (auto next : array) {
      std::string_view text;
      if (const error_code code = std::move(next).get_string().get(text)) return code == simdjson::INCORRECT_TYPE ? wrong_type(value, info, place) : malformed(code);
      out.push_back(Str(text));
    }
    return {};
  }

  // Kept as compact text. simdjson's skipping does not look inside, so a second parser does.
  Status raw(od::value& value, Raw& out, int depth) {
    od::json_type type;
    if (const error_code code = value.type().get(type)) return malformed(code);
    if (type == od::json_type::null) return skip(value, depth);
    std::string_view text;
    error_code code = SUCCESS;
    if (type == od::json_type::object) {
      od::object object;
      code = value.get_object().get(object);
      if (!code) code = object.raw_json().get(text);
    } else if (type == od::json_type::array) {
      od::array array;
      code = value.get_array().get(array);
      if (!code) code = array.raw_json().get(text);
    } else {
      text = trim(value.raw_json_token());
      if (Status done = skip(value, depth); !done.ok()) return done;
    }
    if (code) return malformed(code);
    simdjson::dom::parser check;
    if (const error_code inner = check.parse(text.data(), text.size()).error()) return malformed(inner);
    std::string compact(text.size(), '\0');
    std::size_t size = compact.size();
    if (const error_code inner = simdjson::minify(text.data(), text.size(), compact.data(), size)) return malformed(inner);
    out.json = Str(std::string_view(compact).substr(0, size));
    return {};
  }

  Status optional(od::value& value, const FieldInfo& info, char* at, const Place& place, int depth) {
    switch (info.kind) {
      case Kind::boolean: return opt<bool>(value, info, at, place, depth);
      case Kind::int32: return opt<std::int32_t>(value, info, at, place, depth);
      case Kind::int64:
      case Kind::duration: return opt<std::int64_t>(value, info, at, place, depth);
      case Kind::float64: return opt<double>(value, info, at, place, depth);
      case Kind::structure: {
        if (info.type->is_union) return optional_union(value, info, at, place, depth);
        od::object object;
        if (const error_code code = value.get_object().get(object)) return null_or_wrong(value, info, place, code);
        char*& inner = *reinterpret_cast<char**>(at);
        if (!inner) inner = static_cast<char*>(std::calloc(1, std::max<std::size_t>(info.type->size, 1)));
        if (!inner) std::abort();
        return members(object, *info.type, inner, place, depth + 1, false);
      }
      default: return single(value, info, at, place, depth);
    }
  }
  Status optional_union(od::value& value, const FieldInfo& info, char* at, const Place& place, int depth) {
    bool null = false;
    if (!value.is_null().get(null) && null) return {};
    char*& inner = *reinterpret_cast<char**>(at);
    if (!inner) inner = static_cast<char*>(std::calloc(1, info.type->size));
    if (!inner) std::abort();
    return alternative(value, info, inner, place, depth);
  }
  template <class T>
  Status opt(od::value& value, const FieldInfo& info, char* at, const Place& place, int depth) {
    od::json_type type;
    if (const error_code code = value.type().get(type)) return malformed(code);
    if (type == od::json_type::null) return skip(value, depth);
    T got{};
    if (Status done = single(value, info, reinterpret_cast<char*>(&got), place, depth); !done.ok()) return done;
    *reinterpret_cast<Opt<T>*>(at) = got;
    return {};
  }

  Status list(od::value& value, const FieldInfo& info, RawList& out, const Place& place, int depth) {
    od::array array;
    if (const error_code code = value.get_array().get(array)) return null_or_wrong(value, info, place, code);
    const std::size_t size = element_size(info);
    std::ptrdiff_t index = 0;
    for (auto next : array) {
      od::value item;
      if (const error_code code = std::move(next).get(item)) return malformed(code);
      const Place here{&place, {}, index++};
      if (Status done = single(item, info, static_cast<char*>(out.append_zero(size)), here, depth + 1); !done.ok()) return done;
    }
    out.shrink(size);
    return {};
  }

  Status map(od::value& value, const FieldInfo& info, RawList& out, const Place& place, int depth) {
    od::object object;
    if (const error_code code = value.get_object().get(object)) return null_or_wrong(value, info, place, code);
    const std::size_t size = sizeof(Str) + element_size(info);
    for (auto next : object) {
      od::field field;
      if (const error_code code = std::move(next).get(field)) return malformed(code);
      std::string_view key;
      if (const error_code code = field.unescaped_key().get(key)) return malformed(code);
      const Str kept(key);
      const Place here{&place, kept};
      bool duplicate = false;
      char* entry = entry_for(out, kept, size, duplicate);
      if (duplicate) {
        report("duplicate", here);
        clear(map_value(info), entry + sizeof(Str));
      }
      od::value inner = field.value();
      if (Status done = single(inner, info, entry + sizeof(Str), here, depth + 1); !done.ok()) return done;
    }
    out.shrink(size);
    return {};
  }
  static FieldInfo map_value(FieldInfo info) {
    info.shape = Shape::single;
    return info;
  }
  // The entry with that key, made in its sorted place when new. Keys mostly arrive sorted.
  static char* entry_for(RawList& entries, const Str& key, std::size_t size, bool& duplicate) {
    std::size_t low = 0, high = entries.size();
    const auto key_at = [&](std::size_t i) { return reinterpret_cast<const Str*>(entries.data() + i * size)->view(); };
    if (high > 0 && key_at(high - 1) < key.view()) low = high;
    while (low < high) {
      const std::size_t middle = (low + high) / 2;
      if (key_at(middle) < key.view())
        low = middle + 1;
      else
        high = middle;
    }
    if (low < entries.size() && key_at(low) == key.view()) {
      duplicate = true;
      return entries.data() + low * size;
    }
    entries.append_zero(size);
    char* place = entries.data() + low * size;
    std::memmove(place + size, place, (entries.size() - 1 - low) * size);
    std::memset(place, 0, size);
    *reinterpret_cast<Str*>(place) = key;
    return place;
  }

  const TypeInfo& top_;
  DecodeReport* report_;
};

}  // namespace

Status decode_json_into(const TypeInfo& type, void* structure, std::string_view json, DecodeReport* report) {
  return Reader(type, report).read(static_cast<char*>(structure), json);
}

Result<std::shared_ptr<Object>> decode_json(const TypeInfo& type, std::string_view json, DecodeReport* report) {
  std::shared_ptr<Object> object = type.make();
  PLUMB_TRY(Reader(type, report).read(reinterpret_cast<char*>(object.get()), json));
  return object;
}

Result<TypeMeta> peek_type_meta(std::string_view json) {
  Workspace& work = workspace();
  od::document document;
  od::object object;
  TypeMeta meta;
  error_code code = work.parser.iterate(work.fill(json)).get(document);
  if (!code) code = document.get_object().get(object);
  if (code) return fail(Code::invalid_argument, std::string("malformed JSON: ") + simdjson::error_message(code), "BadRequest");
  for (auto next : object) {
    od::field field;
    std::string_view key, text;
    if ((code = std::move(next).get(field)) || (code = field.unescaped_key().get(key)))
      return fail(Code::invalid_argument, std::string("malformed JSON: ") + simdjson::error_message(code), "BadRequest");
    std::string* target = key == "kind" ? &meta.kind : key == "apiVersion" ? &meta.api_version : nullptr;
    if (!target) continue;
    const std::string name(key);
    if (field.value().get_string().get(text)) return fail(Code::invalid_argument, "the field " + name + " must be a string", "BadRequest");
    *target = text;
    if (!meta.kind.empty() && !meta.api_version.empty()) break;
  }
  return meta;
}

}  // namespace plumb::api
