#include <algorithm>
#include <array>
#include <limits>

#include "harness/base/encoding.h"
#include "reference/api/codec/json.h"
#include "reference/api/codec/json_messages.h"
#include "reference/api/codec/json_tokens.h"
#include "reference/api/codec/map_entries.h"
#include "reference/api/text/quantity.h"
#include "reference/api/text/time.h"
#include "reference/api/walk.h"

namespace plumb::api {
namespace {

using simdjson::error_code;

constexpr int max_depth = 512;
constexpr std::size_t max_fields = 256;  // of one type; json_slots holds bytes

struct Workspace {
  JsonTokens tokens;
  ListScratch lists;
  simdjson::dom::parser checker;  // of JSON that is kept as text
  std::string compact;

  // A single huge text does not keep its memory for ever.
  void trim() {
    tokens.trim();
    lists.trim();
    if (checker.capacity() > std::size_t{1} << 20) checker = simdjson::dom::parser();
    if (compact.capacity() > std::size_t{1} << 20) std::string().swap(compact);
  }
};
Workspace& workspace() {
  thread_local Workspace instance;
  return instance;
}

Error malformed_json(error_code code) {
  return fail(Code::invalid_argument, std::string("malformed JSON: ") + simdjson::error_message(code), "BadRequest");
}

// Reads at most once. Where a function gives false, error_ says why.
class Reader {
 public:
  Reader(Workspace& work, const TypeInfo& top, DecodeReport* report) : work_(work), tokens_(work.tokens), lists_(work.lists), top_(top), report_(report) {}

  Status read(char* structure, std::string_view json) {
    const bool done = document(structure, json);
    work_.trim();
    if (!done) return std::move(error_);
    return {};
  }

 private:
  bool document(char* structure, std::string_view json) {
    if (const error_code code = tokens_.load(json)) return malformed(code);
    if (tokens_.peek() != '{') return refuse("json: cannot unmarshal into Go value of type " + go_type(top_) + ": not an object");
    if (tokens_.last() != '}') return malformed(simdjson::INCOMPLETE_ARRAY_OR_OBJECT);
    if (!members(top_, structure, Place{}, 0, true)) return false;
    return tokens_.at_end() || refuse("malformed JSON: data after the top-level value");
  }

  bool refuse(std::string message) {
    error_ = fail(Code::invalid_argument, std::move(message), "BadRequest");
    return false;
  }
  bool malformed(error_code code) {
    error_ = malformed_json(code);
    return false;
  }
  bool wrong_type(const FieldInfo& info, const Place& place) { return wrong_type(tokens_.peek(), info, place); }
  bool wrong_type(char first, const FieldInfo& info, const Place& place) {
    return refuse("json: cannot unmarshal " + std::string(json_kind(first)) + " into Go struct field " + std::string(top_.name) + "." + place.text() +
                  " of type " + go_type(info));
  }
  bool bad_value(const Place& place, std::string_view why) { return refuse(place.text() + ": " + std::string(why)); }
  // Null leaves a field as it is, as Go does; anything else of another type is an error.
  bool null_or_wrong(const FieldInfo& info, const Place& place) { return tokens_.null() || wrong_type(info, place); }

  void report(const char* what, const Place& place) {
    if (!report_) return;
    ++report_->total;
    if (report_->problems.size() < 100) report_->problems.push_back(std::string(what) + " field \"" + place.text() + "\"");
  }

  // Calls visit(key) with its value as the current token, for each member of the object that is the current token.
  template <class Visit>
  bool each_member(Visit visit) {
    tokens_.next();
    if (tokens_.peek() == '}') return tokens_.next(), true;
    for (;;) {
      std::string_view key;
      if (const error_code code = tokens_.key(key)) return malformed(code);
      if (!visit(key)) return false;
      const char next = tokens_.take();
      if (next == '}') return true;
      if (next != ',') return malformed(simdjson::TAPE_ERROR);
    }
  }
  template <class Visit>
  bool each_item(Visit visit) {
    tokens_.next();
    if (tokens_.peek() == ']') return tokens_.next(), true;
    for (;;) {
      if (!visit()) return false;
      const char next = tokens_.take();
      if (next == ']') return true;
      if (next != ',') return malformed(simdjson::TAPE_ERROR);
    }
  }

  bool members(const TypeInfo& type, char* at, const Place& place, int depth, bool top = false) {
    if (depth > max_depth) return malformed(simdjson::DEPTH_ERROR);
    std::array<bool, max_fields> seen;
    std::fill_n(seen.begin(), type.json_fields.size(), false);
    bool seen_kind = false, seen_version = false;
    std::size_t expected = 0;
    Place here{&place};
    return each_member([&](std::string_view key) {
      here.name = key;
      const FieldInfo* info = type.json_field(key, expected);
      if (!info) [[unlikely]] {
        const bool meta = (top && type.has_type_meta) || type.is_object;
        if (meta && (key == "kind" || key == "apiVersion")) {
          bool& flag = key == "kind" ? seen_kind : seen_version;
          if (flag) report("duplicate", here);
          flag = true;
        } else {
          report("unknown", here);
        }
        return skip(depth + 1);
      }
      const std::size_t index = static_cast<std::size_t>(info - type.json_fields.data());
      expected = index + 1;
      if (seen[index]) [[unlikely]] {
        report("duplicate", here);
        destroy_field(*info, at + info->offset);  // the last of several values wins, whole
      }
      seen[index] = true;
      return field(*info, at + info->offset, here, depth);
    });
  }

  // Walks a value nobody wants, so that malformed text inside is still found.
  bool skip(int depth) {
    if (depth > max_depth) return malformed(simdjson::DEPTH_ERROR);
    switch (tokens_.peek()) {
      case '{': return each_member([&](std::string_view) { return skip(depth + 1); });
      case '[': return each_item([&] { return skip(depth + 1); });
      case '"': {
        std::string_view text;
        return scalar(tokens_.string(text));
      }
      case 't':
      case 'f': {
        bool flag;
        return scalar(tokens_.boolean(flag));
      }
      case 'n': return tokens_.null() || malformed(simdjson::INCORRECT_TYPE);
      default: {
        double number;
        return scalar(tokens_.at_number() ? tokens_.real(number) : simdjson::TAPE_ERROR);
      }
    }
  }
  bool scalar(error_code code) { return code ? malformed(code) : true; }

  bool field(const FieldInfo& info, char* at, const Place& place, int depth) {
    switch (info.shape) {
      case Shape::single: return single(info, at, place, depth);
      case Shape::optional: return optional(info, at, place, depth);
      case Shape::list: return list(info, *reinterpret_cast<RawList*>(at), place, depth);
      case Shape::map: return map(info, *reinterpret_cast<RawList*>(at), place, depth);
    }
    return true;
  }

  // `at` is all-zero.
  bool single(const FieldInfo& info, char* at, const Place& place, int depth) {
    switch (info.kind) {
      case Kind::string: {
        std::string_view text;
        if (!string(text, info, place)) return false;
        if (text.data()) new (at) Str(text);
        return true;
      }
      case Kind::boolean: return tokens_.boolean(*reinterpret_cast<bool*>(at)) ? null_or_wrong(info, place) : true;
      case Kind::int64: return tokens_.integer(*reinterpret_cast<std::int64_t*>(at)) ? null_or_wrong(info, place) : true;
      case Kind::float64: return tokens_.real(*reinterpret_cast<double*>(at)) ? null_or_wrong(info, place) : true;
      case Kind::int32: return int32(info, *reinterpret_cast<std::int32_t*>(at), place);
      case Kind::structure:
        if (info.type->is_union) return alternative(info, at, place, depth);
        if (tokens_.peek() != '{') return null_or_wrong(info, place);
        if (info.type->is_object) std::memcpy(at, &info.type, sizeof info.type);
        return members(*info.type, at, place, depth + 1);
      case Kind::strings: return strings(info, *reinterpret_cast<RawList*>(at), place);
      case Kind::raw:
      case Kind::json: return raw(*reinterpret_cast<Raw*>(at), depth);
      case Kind::int_or_string: return int_or_string(info, *reinterpret_cast<IntOrString*>(at), place);
      case Kind::quantity: return quantity(info, *reinterpret_cast<QuantityText*>(at), place);
      default: return from_text(info, at, place);
    }
  }

  // A union: the form of the value tells which field it is.
  bool alternative(const FieldInfo& info, char* at, const Place& place, int depth) {
    const char first = tokens_.peek();
    const bool is_list = first == '[', is_struct = first == '{', is_flag = first == 't' || first == 'f';
    const FieldInfo* chosen = nullptr;
    for (const FieldInfo& each : info.type->json_fields) {
      const bool list = each.shape == Shape::list, flag = each.kind == Kind::boolean;
      if ((is_list && list) || (is_struct && !list && !flag) || (is_flag && flag)) chosen = &each;
      // A flag says whether anything is allowed, so a struct sets it, too.
      if (flag && is_struct) *reinterpret_cast<bool*>(at + each.offset) = true;
    }
    return chosen ? field(*chosen, at + chosen->offset, place, depth + 1) : null_or_wrong(info, place);
  }

  // Without data after null.
  bool string(std::string_view& text, const FieldInfo& info, const Place& place) {
    const error_code code = tokens_.string(text);
    if (!code) [[likely]] return true;
    return code == simdjson::INCORRECT_TYPE ? null_or_wrong(info, place) : malformed(code);
  }

  bool int32(const FieldInfo& info, std::int32_t& out, const Place& place) {
    std::int64_t wide = 0;
    const char first = tokens_.peek();
    if (tokens_.integer(wide)) return null_or_wrong(info, place);
    if (wide < std::numeric_limits<std::int32_t>::min() || wide > std::numeric_limits<std::int32_t>::max()) return wrong_type(first, info, place);
    out = static_cast<std::int32_t>(wide);
    return true;
  }

  // Kinds that are a string in JSON with a form of their own.
  bool from_text(const FieldInfo& info, char* at, const Place& place) {
    std::string_view text;
    if (!string(text, info, place)) return false;
    if (!text.data()) return true;
    switch (info.kind) {
      case Kind::bytes: {
        const auto decoded = base64_decode(text);
        if (!decoded) return bad_value(place, "illegal base64 data");
        reinterpret_cast<Bytes*>(at)->data = Str(*decoded);
        return true;
      }
      case Kind::time:
      case Kind::micro_time: {
        const Result<WallTime> parsed = parse_time(text);
        if (!parsed.ok()) return bad_value(place, parsed.error().message);
        if (info.kind == Kind::time)
          *reinterpret_cast<Time*>(at) = Time::from(*parsed);
        else
          *reinterpret_cast<MicroTime*>(at) = MicroTime::from(*parsed);
        return true;
      }
      case Kind::duration: {
        const Result<plumb::Duration> parsed = parse_duration(text);
        if (!parsed.ok()) return bad_value(place, parsed.error().message);
        *reinterpret_cast<std::int64_t*>(at) = parsed->count();
        return true;
      }
      default: return true;
    }
  }

  bool quantity(const FieldInfo& info, QuantityText& out, const Place& place) {
    std::string_view text;
    const char first = tokens_.peek();
    if (first == 'n') return skip(0);
    if (first == '"') {
      if (const error_code code = tokens_.string(text)) return malformed(code);
    } else if (tokens_.at_number()) {
      text = tokens_.raw();
      if (!skip(0)) return false;
    } else {
      return tokens_.at_value() ? wrong_type(info, place) : malformed(simdjson::TAPE_ERROR);
    }
    text = trim(text);
    if (is_canonical_quantity(text)) return out.text = Str(text), true;
    const Result<std::string> canonical = canonical_quantity(text);
    if (!canonical.ok()) return refuse(canonical.error().message);
    out.text = Str(*canonical);
    return true;
  }

  bool int_or_string(const FieldInfo& info, IntOrString& out, const Place& place) {
    const char first = tokens_.peek();
    if (first == '"') {
      std::string_view text;
      if (tokens_.string(text)) return wrong_type(first, info, place);
      out = IntOrString(text);
      return true;
    }
    if (first == 'n') return null_or_wrong(info, place);
    std::int32_t number = 0;
    if (!int32(info, number, place)) return false;
    out = IntOrString(number);
    return true;
  }

  bool strings(const FieldInfo& info, RawList& out, const Place& place) {
    const char first = tokens_.peek();
    if (first != '[') return null_or_wrong(info, place);
    ListScratch::Building building(lists_, out, sizeof(Str));
    return each_item([&] {
      std::string_view text;
      if (const error_code code = tokens_.string(text)) return code == simdjson::INCORRECT_TYPE ? wrong_type(first, info, place) : malformed(code);
      new (building.append_zero()) Str(text);
      return true;
    });
  }

  // Kept as compact text. What is inside is found malformed by simdjson's other parser.
  bool raw(Raw& out, int depth) {
    const char first = tokens_.peek();
    if (first == 'n') return skip(depth);
    if (!tokens_.at_value()) return malformed(simdjson::TAPE_ERROR);
    std::string_view text = trim(tokens_.raw());
    if (first != '{' && first != '[') {
      if (!skip(depth)) return false;
    } else if (const error_code code = tokens_.whole(text)) {
      return malformed(code);
    }
    if (const error_code code = work_.checker.parse(text.data(), text.size()).error()) return malformed(code);
    std::string& compact = work_.compact;
    std::size_t size = text.size();
    compact.resize(std::max(compact.size(), size));
    if (const error_code code = simdjson::minify(text.data(), text.size(), compact.data(), size)) return malformed(code);
    out.json = Str(std::string_view(compact).substr(0, size));
    return true;
  }

  bool optional(const FieldInfo& info, char* at, const Place& place, int depth) {
    switch (info.kind) {
      case Kind::boolean: return opt<bool>(info, at, place, depth);
      case Kind::int32: return opt<std::int32_t>(info, at, place, depth);
      case Kind::int64:
      case Kind::duration: return opt<std::int64_t>(info, at, place, depth);
      case Kind::float64: return opt<double>(info, at, place, depth);
      case Kind::structure: {
        if (tokens_.peek() == 'n' || (tokens_.peek() != '{' && !info.type->is_union)) return null_or_wrong(info, place);
        char*& inner = *reinterpret_cast<char**>(at);
        inner = allocate_zero(info.type->size);
        if (info.type->is_union) return alternative(info, inner, place, depth);
        return members(*info.type, inner, place, depth + 1);
      }
      default: return single(info, at, place, depth);
    }
  }
  template <class T>
  bool opt(const FieldInfo& info, char* at, const Place& place, int depth) {
    if (tokens_.peek() == 'n') return skip(depth);
    if (!tokens_.at_value()) return malformed(simdjson::TAPE_ERROR);
    T got{};
    if (!single(info, reinterpret_cast<char*>(&got), place, depth)) return false;
    *reinterpret_cast<Opt<T>*>(at) = got;
    return true;
  }

  bool list(const FieldInfo& info, RawList& out, const Place& place, int depth) {
    if (tokens_.peek() != '[') return null_or_wrong(info, place);
    ListScratch::Building building(lists_, out, element_size(info));
    Place here{&place, {}, -1};
    return each_item([&] {
      ++here.index;
      return single(info, building.append_zero(), here, depth + 1);
    });
  }

  bool map(const FieldInfo& info, RawList& out, const Place& place, int depth) {
    if (tokens_.peek() != '{') return null_or_wrong(info, place);
    const std::size_t size = sizeof(Str) + element_size(info);
    ListScratch::Building building(lists_, out, size);
    MapEntries entries(building, size);
    Place here{&place};
    const bool done = each_member([&](std::string_view key) {
      here.name = key;
      bool duplicate = false;
      char* value = entries.find_or_add(key, duplicate) + sizeof(Str);
      if (duplicate) {
        report("duplicate", here);
        FieldInfo one = info;
        one.shape = Shape::single;
        destroy_field(one, value);
      }
      return single(info, value, here, depth + 1);
    });
    entries.sort();
    return done;
  }

  Workspace& work_;
  JsonTokens& tokens_;
  ListScratch& lists_;
  const TypeInfo& top_;
  DecodeReport* report_;
  Error error_;
};

}  // namespace

Status decode_json_into(const TypeInfo& type, void* structure, std::string_view json, DecodeReport* report) {
  return Reader(workspace(), type, report).read(static_cast<char*>(structure), json);
}

Result<std::shared_ptr<Object>> decode_json(const TypeInfo& type, std::string_view json, DecodeReport* report) {
  std::shared_ptr<Object> object = type.make();
  PLUMB_TRY(decode_json_into(type, object.get(), json, report));
  return object;
}

Result<TypeMeta> peek_type_meta(std::string_view json) {
  JsonTokens& tokens = workspace().tokens;
  if (const error_code code = tokens.load(json)) return malformed_json(code);
  if (tokens.peek() != '{') return malformed_json(simdjson::INCORRECT_TYPE);
  if (tokens.last() != '}') return malformed_json(simdjson::INCOMPLETE_ARRAY_OR_OBJECT);
  tokens.next();
  TypeMeta meta;
  for (bool more = tokens.peek() != '}'; more;) {
    std::string_view key, text;
    error_code code = tokens.key(key);
    if (code) return malformed_json(code);
    std::string* target = key == "kind" ? &meta.kind : key == "apiVersion" ? &meta.api_version : nullptr;
    if (target && tokens.string(text)) return fail(Code::invalid_argument, "the field " + std::string(key) + " must be a string", "BadRequest");
    if (target) {
      *target = text;
      if (!meta.kind.empty() && !meta.api_version.empty()) break;
    } else if ((code = tokens.whole(text))) {
      return malformed_json(code);
    }
    const char next = tokens.take();
    if (next != ',' && next != '}') return malformed_json(simdjson::TAPE_ERROR);
    more = next == ',';
  }
  return meta;
}

}  // namespace plumb::api
