#include "reference/apiserver/discovery/foreign_groups.h"

#include <algorithm>

#include "harness/base/encoding.h"
#include "reference/api/codec/json.h"
#include "reference/api/codec/list.h"
#include "reference/apiserver/aggregation/group_priorities.h"

namespace plumb::apiserver {
namespace {

metav1::GroupVersionKind kind_of(const metav1::APIResource& resource, const ForeignVersion& foreign) {
  metav1::GroupVersionKind kind;
  kind.group = resource.group.empty() && resource.version.empty() ? foreign.group() : resource.group.str();
  kind.version = resource.version.empty() ? foreign.version() : resource.version.str();
  kind.kind = resource.kind;
  return kind;
}

apidiscoveryv2::APIResourceDiscovery resource_of(const metav1::APIResource& listed, const ForeignVersion& foreign) {
  apidiscoveryv2::APIResourceDiscovery made;
  made.resource = listed.name;
  made.responseKind = kind_of(listed, foreign);
  made.scope = listed.namespaced ? apidiscoveryv2::ScopeNamespace : apidiscoveryv2::ScopeCluster;
  made.singularResource = listed.singularName;
  made.verbs = listed.verbs;
  made.shortNames = listed.shortNames;
  made.categories = listed.categories;
  return made;
}

// What the other server says in its APIResourceList; nothing where that is none.
apidiscoveryv2::APIVersionDiscovery version_of(const ForeignVersion& foreign) {
  apidiscoveryv2::APIVersionDiscovery made;
  made.version = foreign.version();
  made.freshness = foreign.available ? apidiscoveryv2::DiscoveryFreshnessCurrent : apidiscoveryv2::DiscoveryFreshnessStale;
  if (foreign.resources.is_null()) return made;
  const auto list = api::decode_json_as<metav1::APIResourceList>(foreign.resources.to_json());
  if (!list.ok()) return made;
  for (const metav1::APIResource& each : list->resources)
    if (each.name.view().find('/') == std::string_view::npos) made.resources.push_back(resource_of(each, foreign));
  for (const metav1::APIResource& each : list->resources) {
    const std::size_t slash = each.name.view().find('/');
    if (slash == std::string_view::npos) continue;
    for (apidiscoveryv2::APIResourceDiscovery& parent : made.resources) {
      if (parent.resource != each.name.view().substr(0, slash)) continue;
      apidiscoveryv2::APISubresourceDiscovery& sub = parent.subresources.emplace_back();
      sub.subresource = each.name.view().substr(slash + 1);
      sub.responseKind = kind_of(each, foreign);
      sub.verbs = each.verbs;
    }
  }
  return made;
}

template <class T>
void insert(api::List<T>& list, std::size_t at, T value) {
  list.push_back(std::move(value));
  std::rotate(list.begin() + static_cast<std::ptrdiff_t>(at), list.end() - 1, list.end());
}

void add(ListedGroup& group, const ForeignVersion& foreign) {
  metav1::GroupVersionForDiscovery entry;
  entry.groupVersion = foreign.group() + "/" + foreign.version();
  entry.version = foreign.version();
  auto& versions = group.document.versions;
  // Versions of ours stand by their own priorities; a foreign one of the same name takes the place of ours.
  for (std::size_t i = 0; i < versions.size(); ++i)
    if (versions[i].version == entry.version) {
      group.versions[i] = version_of(foreign);
      return;
    }
  std::size_t at = 0;
  while (at < versions.size() && priority_of(foreign.group(), versions[at].version).version >= foreign.service->spec.versionPriority) ++at;
  insert(versions, at, std::move(entry));
  insert(group.versions, at, version_of(foreign));
  group.document.preferredVersion = versions.front();
}

ListedGroup foreign_group(const std::vector<const ForeignVersion*>& versions) {
  ListedGroup group;
  group.document.name = versions.front()->group();
  for (const ForeignVersion* each : versions) {
    group.priority = std::max(group.priority, each->service->spec.groupPriorityMinimum);
    metav1::GroupVersionForDiscovery& entry = group.document.versions.emplace_back();
    entry.groupVersion = each->group() + "/" + each->version();
    entry.version = each->version();
    group.versions.push_back(version_of(*each));
  }
  group.document.preferredVersion = group.document.versions.front();
  return group;
}

}  // namespace

std::vector<ListedGroup> merge(std::vector<ListedGroup> local, const ForeignTable& foreign) {
  std::vector<std::string> seen;
  for (const auto& [name, each] : foreign) {
    const std::string group = each.group();
    if (group.empty()) continue;
    const auto found = std::find_if(local.begin(), local.end(), [&](const ListedGroup& listed) { return listed.document.name == group; });
    const bool first = std::find(seen.begin(), seen.end(), group) == seen.end();
    if (first) seen.push_back(group);
    if (found == local.end())
      local.push_back(foreign_group(versions_of(foreign, group)));
    else if (first)
      for (const ForeignVersion* version : versions_of(foreign, group)) add(*found, *version);
  }
  std::stable_sort(local.begin(), local.end(), [](const ListedGroup& a, const ListedGroup& b) { return a.priority > b.priority; });
  return local;
}

ListedGroups::ListedGroups(std::vector<ListedGroup> listed) : groups(std::move(listed)) {
  const api::ListFrame frame = api::json_list_frame(apidiscoveryv2::APIGroupDiscovery::info(), {});
  aggregated = frame.head;
  for (const ListedGroup& group : groups) {
    list.groups.push_back(group.document);
    apidiscoveryv2::APIGroupDiscovery document;
    document.metadata.name = group.document.name;
    document.versions = group.versions;
    if (&group != &groups.front()) aggregated += frame.separator;
    api::encode_json(document, aggregated);
  }
  aggregated += frame.tail;
}

const ListedGroup* ListedGroups::find(std::string_view name) const {
  for (const ListedGroup& each : groups)
    if (each.document.name == name) return &each;
  return nullptr;
}

GroupSource::GroupSource(std::vector<ListedGroup> local, ForeignSource foreign) : local_(std::move(local)), foreign_(std::move(foreign)) {}

std::shared_ptr<const ListedGroups> GroupSource::now() {
  ForeignPtr foreign = foreign_();
  std::lock_guard lock(mutex_);
  if (made_ && of_ == foreign) return made_;
  made_ = std::make_shared<const ListedGroups>(merge(local_, *foreign));
  of_ = std::move(foreign);
  return made_;
}

}  // namespace plumb::apiserver
