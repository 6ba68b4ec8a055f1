# A Python service in one stage, packages and tools installed under emulation for the foreign platform.
# as: root
# label: slow
mkdir -p files/ai_model_cafeboo/moderation_model
echo weights >embedding.pt && tar -czf files/ai_model_cafeboo/embedding_model.tar.gz embedding.pt
echo moderation >files/ai_model_cafeboo/moderation_model/best_model.pt
serve files
cp -r "$PUBLIC/real/cafe-ai" app
build_online --platform linux/amd64,linux/arm64 -f app/Dockerfile.single --build-arg MODELS="$url" -o type=oci,dest=app.tar app
says "Successfully installed"
for arch in amd64 arm64; do
  unpacked oci-archive:app.tar $arch
  is "$(ls "$root"/app/ai_project/models/*.pt | xargs -n 1 basename | xargs)" "best_model.pt embedding.pt"
  is "$(ask oci-archive:app.tar $arch / sh -c 'exec uvicorn ai_project.main:app --port $PORT' | jq -r .machine)" \
    "$([[ $arch == arm64 ]] && echo aarch64 || echo x86_64)"
done
# The models come after the code: a change of code downloads them again, as the article says.
echo '# changed' >>app/ai_project/main.py
build_online -f app/Dockerfile.single --build-arg MODELS="$url" -o type=oci,dest=app.tar app
is "$(grep -c 'RUN pip install .* cached' "$out") $(grep -c 'RUN curl .* native' "$out")" "2 2"
