#include "reference/api/doc/strategic_merge_patch.h"

#include <algorithm>

namespace plumb::api {
namespace {

constexpr std::string_view directive = "$patch", retain_keys = "$retainKeys";
constexpr std::string_view delete_prefix = "$deleteFromPrimitiveList", order_prefix = "$setElementOrder";

using List = std::vector<Doc>;

Error refuse(int status, std::string message) {
  return Error{Code::invalid_argument, std::move(message), status == 400 ? "BadRequest" : "Invalid", status};
}
Error no_merge_key(const Doc& item, std::string_view key) {
  return refuse(422, "map: " + item.to_json() + " does not contain declared merge key: " + std::string(key));
}
Error bad_order() { return refuse(400, "invalid patch format of setElementOrder list"); }
Error bad_retain_keys() { return refuse(400, "invalid patch format of retainKeys"); }
Error bad_directive(const Doc& item) {
  return refuse(400, "unknown patch type: " + item[directive].to_json() + " in map: " + item.to_json());
}

// The field behind "$prefix/field"; empty when the key has another form.
std::string_view field_behind(std::string_view key, std::string_view prefix) {
  if (!key.starts_with(prefix) || key.size() <= prefix.size() || key[prefix.size()] != '/') return {};
  return key.substr(prefix.size() + 1);
}

PatchSchema::Field look_up(const PatchSchema* schema, std::string_view name) {
  if (schema)
    if (const auto field = schema->field(name)) return *field;
  return {};
}

Result<Doc> merge_object(const Doc& original, Doc patch, const PatchSchema* schema);

List copy(const Doc& list) { return {list.items().begin(), list.items().end()}; }

// What tells items apart: the merge key's value, or for scalars the item itself.
const Doc* identity(const Doc& item, std::string_view key) { return key.empty() ? &item : item.find(key); }

List::const_iterator find_by(const List& list, std::string_view key, const Doc& value) {
  return std::find_if(list.begin(), list.end(), [&](const Doc& item) {
    const Doc* own = identity(item, key);
    return own && *own == value;
  });
}

bool in(const List& list, std::string_view key, const Doc& item) {
  const Doc* own = identity(item, key);
  return own && find_by(list, key, *own) != list.end();
}

std::size_t place_in(const List& list, std::string_view key, const Doc& item) {
  const Doc* own = identity(item, key);
  return own ? static_cast<std::size_t>(find_by(list, key, *own) - list.begin()) : list.size();
}

// Items named by `wanted` in its order; the others keep their order of `live` and stand where they stood relative to it.
List put_in_order(const List& merged, const List& wanted, const List& live, std::string_view key) {
  List named, others, out;
  for (const Doc& item : merged) (in(wanted, key, item) ? named : others).push_back(item);
  const auto by = [key](const List& order) {
    return [&order, key](const Doc& a, const Doc& b) { return place_in(order, key, a) < place_in(order, key, b); };
  };
  std::stable_sort(named.begin(), named.end(), by(wanted));
  std::stable_sort(others.begin(), others.end(), by(live));
  auto next = others.begin();
  for (const Doc& item : named) {
    const std::size_t place = place_in(live, key, item);
    while (place < live.size() && next != others.end() && place_in(live, key, *next) < place) out.push_back(*next++);
    out.push_back(item);
  }
  out.insert(out.end(), next, others.end());
  return out;
}

Status same_kind(const List& original, const List& patch) {
  const Doc* first = nullptr;
  for (const List* list : {&original, &patch}) {
    for (const Doc& item : *list) {
      if (item.is_array()) return refuse(422, "lists of lists are not supported");
      if (first && first->is_object() != item.is_object())
        return refuse(422, "list element types are not identical: [" + Doc::array(original).to_json() + " " + Doc::array(patch).to_json() + "]");
      first = first ? first : &item;
    }
  }
  return {};
}

// Applies the elements with a directive to `original` and takes them out of `patch`.
Status apply_list_directives(List& original, List& patch, std::string_view key) {
  List plain;
  bool replace = false;
  for (const Doc& item : patch) {
    const Doc* found = item.find(directive);
    if (!found) {
      plain.push_back(item);
    } else if (found->as_string() == "replace") {
      replace = true;
    } else if (found->as_string() == "delete") {
      const Doc* value = item.find(key);
      if (!value) return no_merge_key(item, key);
      std::erase_if(original, [&](const Doc& candidate) { return candidate.find(key) && *candidate.find(key) == *value; });
    } else if (found->as_string() == "merge") {
      return refuse(400, "merging lists cannot yet be specified in the patch");
    } else {
      return bad_directive(item);
    }
  }
  if (replace) {
    original = std::move(plain);
    patch.clear();
  } else {
    patch = std::move(plain);
  }
  return {};
}

Result<List> merge_list(const Doc& original_list, const Doc& patch_list, const PatchSchema::Field& field, std::string_view name) {
  List original = copy(original_list), patch = copy(patch_list);
  PLUMB_TRY(same_kind(original, patch));
  if (original.empty() && patch.empty()) return original;
  const bool objects = (original.empty() ? patch : original).front().is_object();
  const std::string_view key = objects ? field.merge_key : std::string_view();
  if (objects && key.empty()) return refuse(422, "cannot merge lists without merge key for " + std::string(name));
  if (objects) PLUMB_TRY(apply_list_directives(original, patch, key));
  List merged = original;
  for (const Doc& item : patch) {
    const Doc* own = identity(item, key);
    if (!own) return no_merge_key(item, key);
    const auto at = find_by(merged, key, *own) - merged.cbegin();
    if (at == std::ssize(merged)) {
      merged.push_back(item);
    } else if (objects) {
      merged[static_cast<std::size_t>(at)] = PLUMB_TRY(merge_object(merged[static_cast<std::size_t>(at)], item, field.child));
    }
  }
  for (const Doc& item : merged)
    if (!identity(item, key)) return no_merge_key(item, key);
  return put_in_order(merged, patch, original, key);
}

// Every element of the patch stands in the order list, in the same order.
Status check_order(const List& patch, const List& order, std::string_view key) {
  if (order.empty()) return {};
  auto next = order.begin();
  for (const Doc& item : patch) {
    if (item.find(directive)) continue;
    const Doc* own = identity(item, key);
    if (!own) return no_merge_key(item, key);
    next = std::find_if(next, order.end(), [&](const Doc& candidate) {
      const Doc* other = identity(candidate, key);
      return other && *other == *own;
    });
    if (next == order.end())
      return refuse(400, "The order in patch list:\n" + Doc::array(patch).to_json() + "\n doesn't match " + std::string(order_prefix) + " list:\n" +
                             Doc::array(order).to_json() + "\n");
    ++next;
  }
  return {};
}

Status apply_retain_keys(Doc& original, Doc& patch) {
  const Doc* found = patch.find(retain_keys);
  if (!found) return {};
  if (!found->is_array()) return bad_retain_keys();
  const List keys = copy(*found);
  patch = patch.without(retain_keys);
  const auto kept = [&](std::string_view name) { return find_by(keys, {}, Doc(name)) != keys.end(); };
  for (const Doc::Member& member : patch.members()) {
    const bool special = member.value.is_null() || member.name().starts_with(delete_prefix) || member.name().starts_with(order_prefix);
    if (!special && !kept(member.name())) return bad_retain_keys();
  }
  const Doc before = original;
  for (const Doc::Member& member : before.members())
    if (!kept(member.name())) original = original.without(member.name());
  return {};
}

// Merges the lists that have a $setElementOrder beside them, and takes both out of the patch.
Status apply_element_orders(Doc& original, Doc& patch, const PatchSchema* schema) {
  const Doc whole = patch;
  for (const Doc::Member& member : whole.members()) {
    if (!member.name().starts_with(order_prefix)) continue;
    const std::string_view name = field_behind(member.name(), order_prefix);
    if (name.empty() || !member.value.is_array()) return bad_order();
    patch = patch.without(member.name());
    const Doc *live = original.find(name), *changes = whole.find(name);
    if (!live && !changes) continue;
    if ((live && !live->is_array()) || (changes && !changes->is_array())) return bad_order();
    const auto field = look_up(schema, name);
    const List order = copy(member.value);
    if (changes) PLUMB_TRY(check_order(copy(*changes), order, field.merge_key));
    const List before = live ? copy(*live) : List();
    List merged = live && changes && field.merge_list ? PLUMB_TRY(merge_list(*live, *changes, field, name)) : copy(changes ? *changes : *live);
    for (const Doc& item : merged)
      if (!identity(item, field.merge_key)) return no_merge_key(item, field.merge_key);
    original = original.with(name, Doc::array(put_in_order(merged, order, before, field.merge_key)));
    patch = patch.without(name);
  }
  return {};
}

Result<Doc> merge_member(const Doc& own, const Doc& change, const PatchSchema* schema, std::string_view name) {
  const auto field = look_up(schema, name);
  if (own.is_object() && change.is_object() && !field.replace) return merge_object(own, change, field.child);
  if (own.is_array() && change.is_array() && field.merge_list) return Doc::array(PLUMB_TRY(merge_list(own, change, field, name)));
  return change;
}

Result<Doc> merge_object(const Doc& original, Doc patch, const PatchSchema* schema) {
  if (const Doc* found = patch.find(directive)) {
    if (found->as_string() == "replace") return patch.without(directive);
    if (found->as_string() == "delete") return Doc::object();
    return bad_directive(patch);
  }
  Doc result = original;
  PLUMB_TRY(apply_retain_keys(result, patch));
  PLUMB_TRY(apply_element_orders(result, patch, schema));
  for (const Doc::Member& member : patch.members()) {
    if (member.name().starts_with(delete_prefix)) {
      const std::string_view name = field_behind(member.name(), delete_prefix);
      if (name.empty() || !member.value.is_array()) return refuse(400, "invalid patch format of primitive list");
      if (!result[name].is_array()) continue;
      const List gone = copy(member.value);
      List kept = copy(result[name]);
      std::erase_if(kept, [&](const Doc& item) { return in(gone, {}, item); });
      result = result.with(name, Doc::array(std::move(kept)));
    } else if (member.value.is_null()) {
      result = result.without(member.name());
    } else if (const Doc* own = result.find(member.name())) {
      result = result.with(member.name(), PLUMB_TRY(merge_member(*own, member.value, schema, member.name())));
    } else {
      result = result.with(member.name(), member.value);
    }
  }
  return result;
}

}  // namespace

Result<Doc> apply_strategic_merge_patch(const Doc& document, const Doc& patch, const PatchSchema& schema) {
  if (!patch.is_object() || !document.is_object()) return refuse(400, "invalid JSON document");
  return merge_object(document, patch, &schema);
}

}  // namespace plumb::api
