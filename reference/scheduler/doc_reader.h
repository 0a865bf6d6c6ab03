// Reads a document that people write (a configuration, the arguments of a plugin) strictly: a member that is not known, of another kind or out
// of range is refused, and the message says where it stands.
#pragma once

#include <cstdint>
#include <initializer_list>
#include <string>
#include <string_view>
#include <vector>

#include "harness/base/result.h"
#include "reference/api/doc/document.h"

namespace plumb::scheduler {

class DocReader {
 public:
  // `path` is how messages call it ("profiles[0].pluginConfig[1].args").
  DocReader(api::Doc doc, std::string path) : doc_(std::move(doc)), path_(std::move(path)) {}

  const api::Doc& doc() const { return doc_; }
  const std::string& path() const { return path_; }
  bool has(std::string_view name) const { return !doc_[name].is_null(); }
  // It is an object, or null, and has no other members.
  Status members(std::initializer_list<std::string_view> known) const;
  // A member; without it, the given value. Numbers are whole and within the limits, which count.
  Result<std::int64_t> integer(std::string_view name, std::int64_t otherwise, std::int64_t least, std::int64_t most) const;
  Result<bool> flag(std::string_view name, bool otherwise) const;
  Result<std::string> text(std::string_view name, std::string_view otherwise) const;
  Result<std::string> choice(std::string_view name, std::string_view otherwise, std::initializer_list<std::string_view> allowed) const;
  Result<std::vector<std::string>> texts(std::string_view name) const;
  // Empty when it is not there.
  DocReader object(std::string_view name) const { return {doc_[name], at(name)}; }
  Result<std::vector<DocReader>> list(std::string_view name) const;

  Error error(std::string_view name, const std::string& what) const;

 private:
  std::string at(std::string_view name) const { return path_.empty() ? std::string(name) : path_ + "." + std::string(name); }
  api::Doc doc_;
  std::string path_;
};

}  // namespace plumb::scheduler
