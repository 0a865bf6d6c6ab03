#include "reference/kubelet/access.h"

namespace plumb::kubelet {
namespace {

std::string verb_of(std::string_view method) {
  if (method == "POST") return "create";
  if (method == "PUT") return "update";
  if (method == "PATCH") return "patch";
  return method == "DELETE" ? "delete" : "get";
}

std::string subresource_of(std::string_view path) {
  const auto below = [&](std::string_view root) { return path == root || (path.starts_with(root) && path[root.size()] == '/'); };
  if (below("/stats")) return "stats";
  if (below("/metrics")) return "metrics";
  if (below("/logs")) return "log";
  if (below("/pods") || below("/runningpods")) return "pods";
  return "proxy";
}

}  // namespace

informer::AccessQuestion access_question(const net::Request& request, const std::string& node) {
  informer::AccessQuestion question;
  question.is_resource = true;
  question.verb = verb_of(request.method);
  question.version = "v1";
  question.resource = "nodes";
  question.subresource = subresource_of(request.path);
  question.name = node;
  return question;
}

}  // namespace plumb::kubelet
