#include "reference/scheduler/extender_messages.h"

#include <strings.h>

#include "reference/api/codec/json.h"
#include "reference/api/doc/document.h"
#include "reference/scheduler/pod_info.h"

namespace plumb::scheduler {

namespace {

using api::Doc;

template <class T>
void append(std::string& out, const T& object) {
  api::encode_json(T::info(), &object, out);
}

Error malformed(const std::string& what) { return fail(plumb::Code::invalid_argument, "the answer cannot be read: " + what); }

// The member of that name, or else one that differs in case; null when there is none.
const Doc& member(const Doc& object, std::string_view name) {
  if (const Doc* found = object.find(name)) return *found;
  for (const Doc::Member& one : object.members())
    if (one.name().size() == name.size() && strncasecmp(one.name().data(), name.data(), name.size()) == 0) return one.value;
  static const Doc none;
  return none;
}

Result<Doc> read_object(std::string_view json) {
  auto doc = api::parse_json(json);
  if (!doc.ok()) return malformed(doc.error().message);
  if (!doc->is_object()) return malformed("it is no JSON object");
  return doc;
}

// Of a member that is a list, an object or a whole number; null counts as empty.
Result<std::span<const Doc>> items(const Doc& list, std::string_view name) {
  if (!list.is_null() && !list.is_array()) return malformed(std::string(name) + " must be a list");
  return list.items();
}
Result<std::span<const Doc::Member>> members(const Doc& object, std::string_view name) {
  if (!object.is_null() && !object.is_object()) return malformed(std::string(name) + " must be an object");
  return object.members();
}
Result<std::int64_t> whole(const Doc& number, std::string_view name) {
  if (!number.is_null() && number.kind() != Doc::Kind::integer) return malformed(std::string(name) + " must be a whole number");
  return number.as_int();
}
Result<std::string> text(const Doc& value, std::string_view name) {
  if (!value.is_null() && !value.is_string()) return malformed(std::string(name) + " must be a text");
  return std::string(value.as_string());
}

Status error_of(const Doc& answer) {
  const std::string error = PLUMB_TRY(text(member(answer, "Error"), "Error"));
  if (!error.empty()) return fail(plumb::Code::internal, error);
  return {};
}

Result<std::map<std::string, std::string>> reasons(const Doc& answer, std::string_view name) {
  std::map<std::string, std::string> all;
  const auto entries = PLUMB_TRY(members(member(answer, name), name));
  for (const Doc::Member& one : entries) all[std::string(one.name())] = PLUMB_TRY(text(one.value, name));
  return all;
}

void append_victims(std::string& out, const Room& room, bool uids_only) {
  out += "{\"Pods\":[";
  for (std::size_t i = 0; i < room.victims.size(); ++i) {
    if (i) out += ',';
    if (!uids_only) {
      append(out, *room.victims[i]->pod);
      continue;
    }
    out += "{\"UID\":";
    api::append_json_string(out, room.victims[i]->uid());
    out += '}';
  }
  out += "],\"NumPDBViolations\":" + std::to_string(room.budgets_violated) + "}";
}

}  // namespace

std::string extender_args(const corev1::Pod& pod, NodesAsked nodes, bool names_only) {
  std::string out = "{\"Pod\":";
  append(out, pod);
  out += names_only ? ",\"Nodes\":null,\"NodeNames\":[" : ",\"Nodes\":{\"metadata\":{},\"items\":[";
  for (std::size_t i = 0; i < nodes.size(); ++i) {
    if (i) out += ',';
    if (names_only) api::append_json_string(out, nodes[i]->metadata.name.view());
    else append(out, *nodes[i]);
  }
  out += names_only ? "]}" : "]},\"NodeNames\":null}";
  return out;
}

std::string extender_preemption_args(const corev1::Pod& pod, std::span<const Room> rooms, bool uids_only) {
  std::string out = "{\"Pod\":";
  append(out, pod);
  out += uids_only ? ",\"NodeNameToVictims\":null,\"NodeNameToMetaVictims\":{" : ",\"NodeNameToVictims\":{";
  for (std::size_t i = 0; i < rooms.size(); ++i) {
    if (i) out += ',';
    api::append_json_string(out, rooms[i].node);
    out += ':';
    append_victims(out, rooms[i], uids_only);
  }
  out += uids_only ? "}}" : "},\"NodeNameToMetaVictims\":null}";
  return out;
}

std::string extender_binding_args(const corev1::Pod& pod, std::string_view node) {
  std::string out = "{\"PodName\":";
  api::append_json_string(out, pod.metadata.name.view());
  out += ",\"PodNamespace\":";
  api::append_json_string(out, pod.metadata.namespace_.view());
  out += ",\"PodUID\":";
  api::append_json_string(out, pod.metadata.uid.view());
  out += ",\"Node\":";
  api::append_json_string(out, node);
  return out + "}";
}

Result<ExtenderFilterResult> read_filter_result(std::string_view json, bool names_sent) {
  const Doc answer = PLUMB_TRY(read_object(json));
  PLUMB_TRY(error_of(answer));
  ExtenderFilterResult result;
  const Doc& names = member(answer, "NodeNames");
  if (names_sent && !names.is_null()) {
    const auto listed = PLUMB_TRY(items(names, "NodeNames"));
    for (const Doc& one : listed) result.nodes.push_back(PLUMB_TRY(text(one, "NodeNames")));
  } else {
    const auto listed = PLUMB_TRY(items(member(member(answer, "Nodes"), "items"), "Nodes.items"));
    for (const Doc& one : listed) result.nodes.push_back(PLUMB_TRY(text(member(member(one, "metadata"), "name"), "Nodes.items.metadata.name")));
  }
  result.failed = PLUMB_TRY(reasons(answer, "FailedNodes"));
  result.failed_and_unresolvable = PLUMB_TRY(reasons(answer, "FailedAndUnresolvableNodes"));
  return result;
}

Result<HostPriorities> read_host_priorities(std::string_view json) {
  const auto doc = api::parse_json(json);
  if (!doc.ok()) return malformed(doc.error().message);
  HostPriorities priorities;
  const auto listed = PLUMB_TRY(items(*doc, "the list of scores"));
  for (const Doc& one : listed) {
    std::string host = PLUMB_TRY(text(member(one, "Host"), "Host"));
    priorities.emplace_back(std::move(host), PLUMB_TRY(whole(member(one, "Score"), "Score")));
  }
  return priorities;
}

Result<MetaVictims> read_preemption_result(std::string_view json) {
  const Doc answer = PLUMB_TRY(read_object(json));
  MetaVictims victims;
  const auto nodes = PLUMB_TRY(members(member(answer, "NodeNameToMetaVictims"), "NodeNameToMetaVictims"));
  for (const Doc::Member& node : nodes) {
    MetaVictimsOfNode& here = victims[std::string(node.name())];
    here.budgets_violated = PLUMB_TRY(whole(member(node.value, "NumPDBViolations"), "NumPDBViolations"));
    const auto pods = PLUMB_TRY(items(member(node.value, "Pods"), "Pods"));
    for (const Doc& pod : pods) here.uids.push_back(PLUMB_TRY(text(member(pod, "UID"), "UID")));
  }
  return victims;
}

Status read_binding_result(std::string_view json) {
  const Doc answer = PLUMB_TRY(read_object(json));
  return error_of(answer);
}

}  // namespace plumb::scheduler
