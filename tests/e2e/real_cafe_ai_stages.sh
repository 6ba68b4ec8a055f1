# The same service in stages: with a lost continuation, with it found, repaired.
# as: root
# label: slow
mkdir -p files/ai_model_cafeboo/moderation_model
echo weights >embedding.pt && tar -czf files/ai_model_cafeboo/embedding_model.tar.gz embedding.pt
echo moderation >files/ai_model_cafeboo/moderation_model/best_model.pt
serve files
app=$PUBLIC/real/cafe-ai
refuse "Dockerfile.stages:17" '&&' '\' -- slipway build -f "$app/Dockerfile.stages" --build-arg MODELS="$url" "$app"
for form in Dockerfile.continued Dockerfile; do
  build_online --platform linux/amd64,linux/arm64 -f "$app/$form" --build-arg MODELS="$url" -o type=oci,dest=$form.tar "$app"
  for arch in amd64 arm64; do
    answer=$(ask oci-archive:$form.tar $arch / sh -c 'exec python -m uvicorn ai_project.main:app --port $PORT')
    is "$(jq -c .models <<<"$answer")" '{"best_model.pt":"moderation","embedding.pt":"weights"}'
    is "$(jq -r .machine <<<"$answer")" "$([[ $arch == arm64 ]] && echo aarch64 || echo x86_64)"
  done
done
