// YAML to Doc, by the rules of sigs.k8s.io/yaml (YAML 1.1 in what plain words mean: yes, on and y are true, 0x10 and 010 are
// numbers, ~ is null), so that a manifest means here what it means to kubectl and the API server.
#pragma once

#include "reference/api/doc/document.h"

namespace plumb::api {

struct YamlOptions {
  std::size_t max_bytes = SIZE_MAX;
  // Nodes after aliases are written out; bounds documents that multiply themselves by aliases of aliases.
  std::size_t max_nodes = 1'000'000;
  std::size_t max_depth = 1'000;
};

// The only document; null for empty text. invalid_argument when there are several.
Result<Doc> parse_yaml(std::string_view text, const YamlOptions& options = {});
// Each document of a stream; empty ones are left out.
Result<std::vector<Doc>> parse_yaml_stream(std::string_view text, const YamlOptions& options = {});

}  // namespace plumb::api
