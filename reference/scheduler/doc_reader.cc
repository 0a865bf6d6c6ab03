#include "reference/scheduler/doc_reader.h"

#include <algorithm>

namespace plumb::scheduler {

using Kind = api::Doc::Kind;

Error DocReader::error(std::string_view name, const std::string& what) const {
  return fail(plumb::Code::invalid_argument, (name.empty() ? path_ : at(name)) + ": " + what);
}

Status DocReader::members(std::initializer_list<std::string_view> known) const {
  if (doc_.is_null()) return {};
  if (!doc_.is_object()) return error({}, "must be an object");
  for (const api::Doc::Member& member : doc_.members())
    if (std::find(known.begin(), known.end(), member.name()) == known.end()) return error(member.name(), "is not known here");
  return {};
}

Result<std::int64_t> DocReader::integer(std::string_view name, std::int64_t otherwise, std::int64_t least, std::int64_t most) const {
  const api::Doc& value = doc_[name];
  if (value.is_null()) return otherwise;
  if (value.kind() != Kind::integer) return error(name, "must be a whole number");
  if (value.as_int() < least || value.as_int() > most)
    return error(name, std::to_string(value.as_int()) + " is not within " + std::to_string(least) + " and " + std::to_string(most));
  return value.as_int();
}

Result<bool> DocReader::flag(std::string_view name, bool otherwise) const {
  const api::Doc& value = doc_[name];
  if (value.is_null()) return otherwise;
  if (value.kind() != Kind::boolean) return error(name, "must be true or false");
  return value.as_bool();
}

Result<std::string> DocReader::text(std::string_view name, std::string_view otherwise) const {
  const api::Doc& value = doc_[name];
  if (value.is_null()) return std::string(otherwise);
  if (!value.is_string()) return error(name, "must be a text");
  return std::string(value.as_string());
}

Result<std::string> DocReader::choice(std::string_view name, std::string_view otherwise, std::initializer_list<std::string_view> allowed) const {
  std::string chosen = PLUMB_TRY(text(name, otherwise));
  if (std::find(allowed.begin(), allowed.end(), chosen) != allowed.end()) return chosen;
  std::string names;
  for (const std::string_view one : allowed) names += (names.empty() ? "" : ", ") + std::string(one);
  return error(name, "\"" + chosen + "\" is none of " + names);
}

Result<std::vector<std::string>> DocReader::texts(std::string_view name) const {
  std::vector<std::string> all;
  const auto items = PLUMB_TRY(list(name));
  for (const DocReader& item : items) {
    if (!item.doc().is_string()) return item.error({}, "must be a text");
    all.emplace_back(item.doc().as_string());
  }
  return all;
}

Result<std::vector<DocReader>> DocReader::list(std::string_view name) const {
  std::vector<DocReader> items;
  const api::Doc& value = doc_[name];
  if (value.is_null()) return items;
  if (!value.is_array()) return error(name, "must be a list");
  for (std::size_t i = 0; i < value.size(); ++i) items.emplace_back(value.items()[i], at(name) + "[" + std::to_string(i) + "]");
  return items;
}

}  // namespace plumb::scheduler
