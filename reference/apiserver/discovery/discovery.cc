#include "reference/apiserver/discovery/discovery.h"

#include <algorithm>
#include <map>

#include "reference/api/codec/json.h"
#include "reference/api/types/apidiscoveryv2.h"
#include "reference/api/types/apiregistrationv1.h"
#include "reference/api/types/metav1.h"
#include "reference/apiserver/aggregation/group_priorities.h"
#include "reference/apiserver/discovery/foreign_groups.h"

namespace plumb::apiserver {
namespace {

constexpr std::int32_t first_priority = 20'000;
constexpr std::string_view aggregated_type = "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList";

struct Subresource {
  std::string_view name;
  std::string_view group, version, kind;  // empty kind: the parent's
  std::vector<std::string_view> verbs;
};

const Subresource* known_subresource(std::string_view resource, std::string_view name) {
  static const std::vector<Subresource> general{
      {"status", "", "", "", {"get", "patch", "update"}},
      {"scale", "autoscaling", "v1", "Scale", {"get", "patch", "update"}},
      {"binding", "", "v1", "Binding", {"create"}},
      {"eviction", "policy", "v1", "Eviction", {"create"}},
      {"token", "authentication.k8s.io", "v1", "TokenRequest", {"create"}},
      {"finalize", "", "", "", {"update"}},
      {"approval", "", "", "", {"get", "patch", "update"}},
      {"ephemeralcontainers", "", "", "", {"get", "patch", "update"}},
      {"resize", "", "", "", {"get", "patch", "update"}},
      {"log", "", "", "", {"get"}},
      {"exec", "", "v1", "PodExecOptions", {"create", "get"}},
      {"attach", "", "v1", "PodAttachOptions", {"create", "get"}},
      {"portforward", "", "v1", "PodPortForwardOptions", {"create", "get"}},
  };
  static const Subresource pod_proxy{"proxy", "", "v1", "PodProxyOptions", {"create", "delete", "get", "patch", "update"}};
  static const Subresource node_proxy{"proxy", "", "v1", "NodeProxyOptions", {"create", "delete", "get", "patch", "update"}};
  static const Subresource service_proxy{"proxy", "", "v1", "ServiceProxyOptions", {"create", "delete", "get", "patch", "update"}};
  if (name == "proxy") return resource == "nodes" ? &node_proxy : resource == "services" ? &service_proxy : &pod_proxy;
  for (const Subresource& each : general)
    if (each.name == name) return &each;
  return nullptr;
}

std::vector<const Subresource*> subresources_of(const Resource& resource) {
  std::vector<const Subresource*> found;
  const auto add = [&](std::string_view name) {
    if (const Subresource* known = known_subresource(resource.names().plural, name)) found.push_back(known);
  };
  for (const std::string_view name : resource.subresources()) add(name);
  if (resource.has_scale()) add("scale");
  if (resource.has_status()) add("status");
  std::sort(found.begin(), found.end(), [](const auto* a, const auto* b) { return a->name < b->name; });
  found.erase(std::unique(found.begin(), found.end()), found.end());
  return found;
}

api::List<api::Str> texts(std::vector<std::string_view> values) {
  std::sort(values.begin(), values.end());
  api::List<api::Str> list;
  for (const std::string_view value : values) list.push_back(api::Str(value));
  return list;
}

api::List<api::Str> texts(const std::vector<std::string>& values) {
  api::List<api::Str> list;
  for (const std::string& value : values) list.push_back(api::Str(value));
  return list;
}

std::string group_version(std::string_view group, std::string_view version) {
  return group.empty() ? std::string(version) : std::string(group).append("/").append(version);
}

using Versions = std::map<std::string_view, std::vector<const Resource*>>;
using Groups = std::vector<std::pair<std::string_view, Versions>>;

Groups served_groups() {
  std::map<std::string_view, Versions> by_name;
  for (const Resource* resource : resources::all()) by_name[resource->group()][resource->version()].push_back(resource);
  return {by_name.begin(), by_name.end()};
}

metav1::APIResourceList resource_list(std::string_view group, std::string_view version, const std::vector<const Resource*>& served) {
  metav1::APIResourceList list;
  list.groupVersion = group_version(group, version);
  for (const Resource* resource : served) {
    metav1::APIResource& entry = list.resources.emplace_back();
    entry.name = resource->names().plural;
    entry.singularName = resource->names().singular;
    entry.namespaced = resource->names().namespaced;
    entry.kind = resource->type().name;
    entry.verbs = texts(resource->verbs());
    entry.shortNames = texts(resource->names().short_names);
    entry.categories = texts(resource->names().categories);
    for (const Subresource* subresource : subresources_of(*resource)) {
      metav1::APIResource& sub = list.resources.emplace_back();
      sub.name = resource->names().plural + "/" + std::string(subresource->name);
      sub.namespaced = resource->names().namespaced;
      sub.kind = subresource->kind.empty() ? resource->type().name : subresource->kind;
      if (!subresource->kind.empty() && subresource->group != group) {
        sub.group = subresource->group;
        sub.version = subresource->version;
      }
      sub.verbs = texts(subresource->verbs);
    }
  }
  return list;
}

metav1::APIGroup group_document(std::string_view group, const Versions& versions) {
  metav1::APIGroup document;
  document.name = group;
  // The newest first: v2 before v1.
  for (auto at = versions.rbegin(); at != versions.rend(); ++at) {
    metav1::GroupVersionForDiscovery& entry = document.versions.emplace_back();
    entry.groupVersion = group_version(group, at->first);
    entry.version = at->first;
  }
  document.preferredVersion = document.versions.front();
  return document;
}

metav1::GroupVersionKind kind_of(std::string_view group, std::string_view version, std::string_view kind) {
  metav1::GroupVersionKind made;
  made.group = group;
  made.version = version;
  made.kind = kind;
  return made;
}

apidiscoveryv2::APIResourceDiscovery aggregated_resource(const Resource& resource) {
  apidiscoveryv2::APIResourceDiscovery entry;
  entry.resource = resource.names().plural;
  entry.responseKind = kind_of(resource.group(), resource.version(), resource.type().name);
  entry.scope = resource.names().namespaced ? apidiscoveryv2::ScopeNamespace : apidiscoveryv2::ScopeCluster;
  entry.singularResource = resource.names().singular;
  entry.verbs = texts(resource.verbs());
  entry.shortNames = texts(resource.names().short_names);
  entry.categories = texts(resource.names().categories);
  for (const Subresource* subresource : subresources_of(resource)) {
    apidiscoveryv2::APISubresourceDiscovery& sub = entry.subresources.emplace_back();
    sub.subresource = subresource->name;
    sub.responseKind = subresource->kind.empty() ? kind_of(resource.group(), resource.version(), resource.type().name)
                                                 : kind_of(subresource->group, subresource->version, subresource->kind);
    sub.verbs = texts(subresource->verbs);
  }
  return entry;
}

ListedGroup listed_group(std::string_view group, const Versions& versions) {
  ListedGroup listed;
  // Clients that look for a kind by its name alone take the first group that has it.
  listed.priority = group == apiregistrationv1::APIService::info().group ? first_priority : priority_of(group, versions.begin()->first).group;
  listed.document = group_document(group, versions);
  for (auto at = versions.rbegin(); at != versions.rend(); ++at) {
    apidiscoveryv2::APIVersionDiscovery& version = listed.versions.emplace_back();
    version.version = at->first;
    version.freshness = apidiscoveryv2::DiscoveryFreshnessCurrent;
    for (const Resource* resource : at->second) version.resources.push_back(aggregated_resource(*resource));
  }
  return listed;
}

template <class T>
Route document_route(std::string path, T document) {
  return {std::move(path), [document = std::make_shared<const T>(std::move(document))](const CallPtr& call) {
            call->send_struct(200, "v1", T::info(), document.get());
          }};
}

// The legacy group has no name and a document of its own form.
Route core_route(const Versions& versions) {
  metav1::APIVersions core;
  core.versions.push_back("v1");
  metav1::ServerAddressByClientCIDR& everywhere = core.serverAddressByClientCIDRs.emplace_back();
  everywhere.clientCIDR = "0.0.0.0/0";
  const auto plain = std::make_shared<const metav1::APIVersions>(std::move(core));
  const auto all = net::bytes(ListedGroups({listed_group("", versions)}).aggregated);
  return {"/api", [plain, all](const CallPtr& call) {
            if (call->accepted().aggregated_discovery) return call->send_bytes(200, aggregated_type, net::Body(all));
            call->send_struct(200, "v1", metav1::APIVersions::info(), plain.get());
          }};
}

Route groups_route(const std::shared_ptr<GroupSource>& source) {
  return {"/apis", [source](const CallPtr& call) {
            const auto groups = source->now();
            if (call->accepted().aggregated_discovery) return call->send_text(200, aggregated_type, groups->aggregated);
            call->send_struct(200, "v1", metav1::APIGroupList::info(), &groups->list);
          }};
}

// "/apis/GROUP", whoever serves it.
Route group_route(const std::shared_ptr<GroupSource>& source) {
  return {"/apis/", [source](const CallPtr& call) {
            const auto& parts = call->info().parts;
            const auto groups = source->now();
            const ListedGroup* found = parts.size() == 2 ? groups->find(parts[1]) : nullptr;
            if (!found) return call->send_status(status::path_not_found());
            call->send_struct(200, "v1", metav1::APIGroup::info(), &found->document);
          }};
}

}  // namespace

std::vector<Route> discovery_routes(ForeignSource foreign) {
  const Groups groups = served_groups();
  std::vector<Route> routes;
  std::vector<ListedGroup> listed;
  std::vector<std::string> group_paths;
  for (const auto& [group, versions] : groups) {
    const std::string base = group.empty() ? "/api" : "/apis/" + std::string(group);
    for (const auto& [version, served] : versions)
      routes.push_back(document_route(base + "/" + std::string(version), resource_list(group, version, served)));
    if (group.empty()) {
      routes.push_back(core_route(versions));
      continue;
    }
    listed.push_back(listed_group(group, versions));
    group_paths.push_back(base);
  }
  const auto source = std::make_shared<GroupSource>(std::move(listed), std::move(foreign));
  routes.push_back(groups_route(source));
  metav1::RootPaths paths;
  for (const Route& route : routes) paths.paths.push_back(api::Str(route.path));
  for (const std::string& path : group_paths) paths.paths.push_back(api::Str(path));
  for (const char* path : {"/healthz", "/livez", "/metrics", "/openapi/v2", "/openapi/v3", "/readyz", "/version"}) paths.paths.push_back(api::Str(path));
  std::sort(paths.paths.begin(), paths.paths.end());
  routes.push_back({"/", [paths = std::make_shared<const metav1::RootPaths>(std::move(paths))](const CallPtr& call) {
                      std::string text;
                      api::encode_json(metav1::RootPaths::info(), paths.get(), text);
                      call->send_text(200, "application/json", std::move(text));
                    }});
  routes.push_back(group_route(source));
  return routes;
}

}  // namespace plumb::apiserver
