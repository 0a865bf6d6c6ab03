#include "reference/api/doc/json_patch.h"

#include <functional>
#include <optional>

#include "harness/base/encoding.h"
#include "reference/api/doc/pointer.h"

namespace plumb::api {
namespace {

Error refuse(int status, std::string reason, std::string message) {
  const Code code = status == 413 ? Code::resource_exhausted : Code::invalid_argument;
  return Error{code, std::move(message), std::move(reason), status};
}
Error invalid(std::string message) { return refuse(422, "Invalid", std::move(message)); }
Error missing(std::string message) { return invalid(std::move(message) + ": missing value"); }

using Tokens = std::span<const std::string>;
// Turns the container that holds the last token's value into its successor.
using Edit = std::function<Result<Doc>(const Doc& container, const std::string& key)>;

Result<std::size_t> find_index(std::string_view key, std::size_t size, bool negative) {
  const auto number = parse_int(key);
  const bool zero_led = key.size() > 1 && (key[0] == '0' || (key[0] == '-' && key[1] == '0'));
  if (!number || zero_led || key[0] == '+') return invalid("value was not a proper array index: '" + std::string(key) + "'");
  const auto count = static_cast<std::int64_t>(size);
  if (*number >= count || *number < (negative ? -count : 0)) return invalid("Unable to access invalid index: " + std::to_string(*number) + ": invalid index referenced");
  return static_cast<std::size_t>(*number < 0 ? *number + count : *number);
}

class Application {
 public:
  Application(Doc document, const JsonPatchOptions& options) : document_(std::move(document)), options_(options) {}

  Status apply(const Doc& operation) {
    const std::string_view kind = operation["op"].as_string();
    const Doc* path = operation.find("path");
    if (!path || !path->is_string()) return missing(std::string(kind) + " operation failed to decode path: operation missing path field");
    path_ = path->as_string();
    if (!path_.empty() && path_[0] != '/') return no_path(kind, "doc is missing path", path_);
    if (kind == "add") return with_value(operation, [&](Doc value) { return add(std::move(value), "add"); });
    if (kind == "replace") return with_value(operation, [&](Doc value) { return replace(std::move(value)); });
    if (kind == "test") return with_value(operation, [&](const Doc& value) { return test(value); });
    if (kind == "remove") return remove(path_, "remove");
    if (kind == "move" || kind == "copy") return transfer(operation, kind);
    return invalid("Unexpected kind: " + std::string(operation["op"].is_string() ? kind : "unknown"));
  }

  Doc take() { return std::move(document_); }

 private:
  Result<std::size_t> index_of(std::string_view key, std::size_t size) const { return find_index(key, size, options_.negative_indices); }

  // What stands at one step below, or nothing.
  const Doc* child(const Doc& container, const std::string& key) const {
    if (!container.is_array()) return container.find(key);
    const auto index = index_of(key, container.size());
    return index.ok() ? &container.items()[*index] : nullptr;
  }

  static Error no_path(std::string_view kind, std::string_view what, const std::string& path) {
    return missing(std::string(kind) + " operation does not apply: " + std::string(what) + ": \"" + path + "\"");
  }

  Status with_value(const Doc& operation, const std::function<Status(Doc)>& run) {
    const Doc* value = operation.find("value");
    if (!value) return missing(std::string(operation["op"].as_string()) + " operation failed to decode value: operation missing value field");
    return run(*value);
  }

  // Rebuilds the containers along the path around what `edit` makes of the last one.
  Result<Doc> rebuild(const Doc& at, Tokens tokens, std::string_view kind, const std::string& path, const Edit& edit) {
    if (!at.is_array() && !at.is_object()) return no_path(kind, "doc is missing path", path);
    if (tokens.size() == 1) return edit(at, tokens[0]);
    const Doc* next = child(at, tokens[0]);
    if (!next) return no_path(kind, "doc is missing path", path);
    Doc changed = PLUMB_TRY(rebuild(*next, tokens.subspan(1), kind, path, edit));
    if (at.is_object()) return at.with(tokens[0], std::move(changed));
    return at.with_item(*index_of(tokens[0], at.size()), std::move(changed));
  }

  Status edit(const std::string& path, std::string_view kind, const Edit& change) {
    const auto tokens = pointer_tokens(path);
    if (tokens.size() > options_.depth) return invalid(std::string(kind) + " operation does not apply: the path is too deep");
    auto result = rebuild(document_, tokens, kind, path, change);
    if (!result.ok()) return std::move(result).error();
    if (result->depth() > options_.depth) return invalid(std::string(kind) + " operation does not apply: the document would be too deep");
    document_ = *std::move(result);
    return {};
  }

  Status add(Doc value, std::string_view kind) {
    if (path_.empty()) {
      document_ = std::move(value);
      return {};
    }
    return edit(path_, kind, [&](const Doc& container, const std::string& key) -> Result<Doc> {
      if (container.is_object()) return container.with(key, value);
      if (key == "-") return container.appended(value);
      auto index = index_of(key, container.size() + 1);
      if (!index.ok()) return std::move(index).error().in("error in add for path: '" + path_ + "'");
      return container.inserted(*index, value);
    });
  }

  Status remove(const std::string& path, std::string_view kind) {
    if (path.empty()) return no_path(kind, "doc is missing path", path);
    return edit(path, kind, [&](const Doc& container, const std::string& key) -> Result<Doc> {
      const std::string context = "error in " + std::string(kind) + " for path: '" + path + "'";
      if (container.is_object()) {
        if (!container.find(key)) return missing(context + ": Unable to remove nonexistent key: " + key);
        return container.without(key);
      }
      auto index = index_of(key, container.size());
      if (!index.ok()) return std::move(index).error().in(context);
      return container.without_item(*index);
    });
  }

  Status replace(Doc value) {
    if (path_.empty()) return add(std::move(value), "replace");
    return edit(path_, "replace", [&](const Doc& container, const std::string& key) -> Result<Doc> {
      if (!child(container, key)) return missing("replace operation does not apply: doc is missing key: " + path_);
      if (container.is_object()) return container.with(key, value);
      return container.with_item(*index_of(key, container.size()), value);
    });
  }

  Status test(const Doc& value) {
    const Doc* found = lookup(path_);
    // A member that is not there counts as null.
    if (found ? *found == value : value.is_null() && lookup_parent_is_object(path_)) return {};
    return invalid("testing value " + path_ + " failed: test failed");
  }

  Status transfer(const Doc& operation, std::string_view kind) {
    const Doc* from = operation.find("from");
    if (!from || !from->is_string()) return missing(std::string(kind) + " operation failed to decode from: operation, missing from field");
    const std::string source(from->as_string());
    const Doc* found = lookup(source);
    if (!found) return no_path(kind, "doc is missing from path", source);
    Doc value = *found;
    if (kind == "move") {
      if (source == path_) return {};
      if (path_.starts_with(source + "/")) return invalid("move operation does not apply: " + path_ + " lies inside of " + source);
      PLUMB_TRY(remove(source, kind));
    } else {
      copied_ += value.json_size(options_.copied_bytes + 1);
      if (copied_ > options_.copied_bytes)
        return refuse(413, "RequestEntityTooLarge", "Unable to complete the copy, the accumulated size increase of copy is " +
                                                        std::to_string(copied_) + ", exceeding the limit " + std::to_string(options_.copied_bytes));
    }
    return add(std::move(value), kind);
  }

  const Doc* lookup(const std::string& path) const {
    if (!path.empty() && path[0] != '/') return nullptr;
    const Doc* at = &document_;
    for (const std::string& token : pointer_tokens(path)) {
      at = at->is_array() || at->is_object() ? child(*at, token) : nullptr;
      if (!at) return nullptr;
    }
    return at;
  }

  bool lookup_parent_is_object(const std::string& path) const {
    const auto slash = path.rfind('/');
    if (slash == path.npos) return false;
    const Doc* parent = lookup(path.substr(0, slash));
    return parent && parent->is_object();
  }

  Doc document_;
  const JsonPatchOptions& options_;
  std::string path_;
  std::size_t copied_ = 0;
};

}  // namespace

Result<Doc> apply_json_patch(const Doc& document, const Doc& patch, const JsonPatchOptions& options) {
  if (!patch.is_array()) return refuse(400, "BadRequest", "error decoding patch: a JSON patch is an array of operations");
  if (patch.size() > options.operations)
    return refuse(413, "RequestEntityTooLarge", "The allowed maximum operations in a JSON patch is " + std::to_string(options.operations) +
                                                    ", got " + std::to_string(patch.size()));
  Application application(document, options);
  for (const Doc& operation : patch.items()) {
    if (!operation.is_object()) return refuse(400, "BadRequest", "error decoding patch: an operation is an object");
    auto done = application.apply(operation);
    if (!done.ok()) return std::move(done).error();
  }
  return application.take();
}

}  // namespace plumb::api
